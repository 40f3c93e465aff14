"""Source lines: from the address of a resource to the block that it is an instance of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from guardrail.errors import InputError
from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.resource import Change, SourceLine
from guardrail.terraform.address import Address, parse, steps
from guardrail.terraform.blocks import Block
from guardrail.terraform.inline_waivers import InlineWaivers
from guardrail.terraform.module_tree import Module, ModuleTree
from guardrail.terraform.plan import Plan


def with_sources(plan: Plan, tree: ModuleTree) -> Plan:
    """Return a plan with what its configuration adds: the lines of its resources, and the waivers in comments."""
    inline = InlineWaivers(tree)
    try:
        waivers = inline.of(plan.changes)
    except InputError:  # what cannot be read waives nothing; the plan counts all the same
        waivers = ()
    warnings = (*plan.warnings, *inline.remarks)
    return replace(plan, changes=Sources(tree).placed(plan.changes), waivers=waivers, warnings=warnings)


class Sources:
    """Finds the lines of resources in a configuration."""

    def __init__(self, tree: ModuleTree) -> None:
        self._tree = tree
        self._lines: dict[tuple[tuple[str, ...], str], SourceLine | None] = {}

    def placed(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """Return changes with their lines, where they have one."""
        return tuple(replace(one, source=line) if (line := self._of(one)) else one for one in changes)

    def placed_blocks(self, missing: Iterable[NotEvaluated]) -> tuple[NotEvaluated, ...]:
        """Return blocks that were not evaluated with their lines, where they have one."""
        return tuple(replace(one, source=self._block_line(one)) for one in missing)

    def _block_line(self, missing: NotEvaluated) -> SourceLine | None:
        address = parse(missing.address)
        if address is not None:
            return self.line(address)
        walked = [name for _, name, _ in steps(missing.address)]
        for depth in range(len(walked), 0, -1):
            module = self._tree.module(".".join(walked[: depth - 1]))
            call = module.find("module", walked[depth - 1]) if module and not module.remote else None
            if call:
                return SourceLine(call.file, call.line)
        return None

    def _of(self, change: Change) -> SourceLine | None:
        address = parse(change.address)
        if address is None:
            return None
        memo = (tuple(name for _, name, _ in steps(address.module)), address.resource)
        if memo not in self._lines:
            try:
                self._lines[memo] = self.line(address)
            except InputError:  # what cannot be read tells no lines; the plan counts all the same
                self._lines[memo] = None
        return self._lines[memo]

    def line(self, address: Address) -> SourceLine | None:
        """Return the line of a resource's block; None if the configuration does not have it.

        A resource of a module from elsewhere is at the call that brings it in: that line is the reader's own. `calls`
        are the module blocks that lead to the resource, from the root module down.
        """
        module, calls = self._walk(address)
        lines = tuple(SourceLine(call.file, call.line) for call in calls)
        if module is None or module.remote:
            return SourceLine(lines[-1].file, lines[-1].line, lines) if lines else None
        block = module.find("resource", address.type, address.name)
        return SourceLine(block.file, block.line, lines) if block else None

    def _walk(self, address: Address) -> tuple[Module | None, list[Block]]:
        """Go from call to call: the module that the resource lies in, and the calls in the reader's own files."""
        module, key, calls = self._tree.module(""), "", list[Block]()
        for _, name, _ in steps(address.module):
            if module is None:
                break
            call = module.find("module", name)
            if call is None:
                return None, []
            if not module.remote:
                calls.append(call)
            key = f"{key}.{name}" if key else name
            module = self._tree.module(key)
        return module, calls
