"""Source lines: from the address of a resource to the block that it is an instance of."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Change, SourceLine
from guardrail.terraform.address import Address, parse, steps
from guardrail.terraform.configuration.code.inline_waivers import InlineWaivers
from guardrail.terraform.configuration.code.modules import ModuleCode, Modules
from guardrail.terraform.language.syntax.nodes import Block
from guardrail.terraform.plan.reader import Plan


def with_sources(plan: Plan, modules: Modules) -> Plan:
    """Return a plan with what its configuration adds: the lines of its resources, and the waivers in comments."""
    inline = InlineWaivers(modules)
    waivers = inline.of(plan.changes)
    warnings = (*plan.warnings, *inline.remarks)
    return replace(plan, changes=Sources(modules).with_lines(plan.changes), waivers=waivers, warnings=warnings)


class Sources:
    """Finds the lines of resources in a configuration."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._lines: dict[tuple[tuple[str, ...], str], SourceLine | None] = {}

    def with_lines(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """Return changes with their lines, where they have one."""
        found = []
        for change in changes:
            address = parse(change.address)
            line = None
            if address is not None:
                # All instances of a block have its line: keys of instances are no part of what is remembered.
                memo = (tuple(name for _, name, _ in steps(address.module)), address.resource)
                if memo not in self._lines:
                    self._lines[memo] = self.line(address)
                line = self._lines[memo]
            found.append(replace(change, source=line) if line else change)
        return tuple(found)

    def blocks_with_lines(self, missing: Iterable[NotEvaluated]) -> tuple[NotEvaluated, ...]:
        """Return blocks that were not evaluated with their lines, where they have one."""
        return tuple(replace(one, source=self._block_line(one)) for one in missing)

    def _block_line(self, missing: NotEvaluated) -> SourceLine | None:
        address = parse(missing.address)
        if address is not None:
            return self.line(address)
        walked = [name for _, name, _ in steps(missing.address)]
        # A module call, or something in one: the innermost call whose text is the reader's own.
        for depth in range(len(walked), 0, -1):
            code = self._modules.module(".".join(walked[: depth - 1]))
            call = code.labelled("module").get((walked[depth - 1],)) if code and not code.remote else None
            if call:
                return _line(call)
        return None

    def line(self, address: Address) -> SourceLine | None:
        """Return the line of a resource's block; None if the configuration does not have it.

        A resource of a module from elsewhere is at the call that brings it in: that line is the reader's own. `calls`
        are the module blocks that lead to the resource, from the root module down.
        """
        code, calls = self._walk(address)
        lines = tuple(map(_line, calls))
        if code is None or code.remote:
            return replace(lines[-1], calls=lines) if lines else None
        labels = (address.type, address.name)
        # A plan may well have a resource whose block cannot be parsed here.
        broken = (block for block in code.broken if block.type == "resource" and block.labels == labels)
        block = code.labelled("resource").get(labels) or next(broken, None)
        return replace(_line(block), calls=lines) if block else None

    def _walk(self, address: Address) -> tuple[ModuleCode | None, list[Block]]:
        """Return the module of a resource, and the module blocks in files of the reader's own that lead to it."""
        code, key, calls = self._modules.module(""), "", list[Block]()
        for _, name, _ in steps(address.module):
            if code is None:
                break
            call = code.labelled("module").get((name,))
            if call is None:
                return None, []
            if not code.remote:
                calls.append(call)
            key = f"{key}.{name}" if key else name
            code = self._modules.module(key)
        return code, calls


def _line(block: Block) -> SourceLine:
    return SourceLine(block.source.name, block.line, end_line=block.end_line)
