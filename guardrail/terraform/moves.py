"""`moved` and `removed` blocks: under which address a resource was before, and what goes on existing when it is let go."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from guardrail.terraform.address import parse, steps
from guardrail.terraform.configuration.modules import FolderModules
from guardrail.terraform.language.syntax.nodes import Block, Literal

_CHAIN = 20  # moves of moves; people remove the blocks after a while

Segments = tuple[tuple[str, str], ...]
"""An address in parts: ("module.web", '"a"'), ("aws_instance.this", "0"), each with its key, "" for none."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What a configuration says of addresses that were.

    moved   names of the calls that lead to the module which says it, and the addresses from and to, seen from there
    let_go  likewise, for what is removed from the state without being destroyed
    """

    moved: tuple[tuple[tuple[str, ...], Segments, Segments], ...] = ()
    let_go: tuple[tuple[tuple[str, ...], Segments], ...] = ()

    def former(self, address: str, base: Collection[str], head: Collection[str]) -> str | None:
        """Return the address that a resource of `head` had in `base`, None for one that is new.

        As Terraform does by itself, one without a key and the one of key 0 are the same resource.
        """
        seen, waiting = {address}, [segments(address)]
        for _ in range(_CHAIN):
            waiting = [one for former in waiting for one in self._before(former) if spelled(one) not in seen]
            seen.update(map(spelled, waiting))
            found = next((text for one in waiting if (text := spelled(one)) in base and text not in head), None)
            if found or not waiting:
                return found
        return None

    def _before(self, address: Segments) -> Iterator[Segments]:
        for calls, old, new in self.moved:
            rest = address[len(calls) :]
            if _names(address[: len(calls)]) == calls and (replaced := _replaced(rest, new, old)):
                yield (*address[: len(calls)], *replaced)
        for index, (name, key) in enumerate(address):
            if key in {"", "0"}:
                yield (*address[:index], (name, "" if key else "0"), *address[index + 1 :])

    def is_let_go(self, address: str) -> bool:
        """Say whether a resource that is gone from the configuration goes on existing."""
        parts = segments(address)
        return any(
            _names(parts[: len(calls)]) == calls and _replaced(parts[len(calls) :], old, old)
            for calls, old in self.let_go
        )


NO_MOVES = Moves()


def moves_of(modules: FolderModules) -> Moves:
    """Read the blocks of all modules of a configuration."""
    blocks = [
        (tuple(f"module.{name}" for name in key.split(".") if name), block)
        for key, _ in modules.folders()
        if (code := modules.module(key))
        for block in code.blocks
        if block.type in {"moved", "removed"}
    ]
    moved = [(calls, _target(block, "from"), _target(block, "to")) for calls, block in blocks if block.type == "moved"]
    let_go = [(calls, _target(block, "from")) for calls, block in blocks if _is_let_go(block)]
    return Moves(tuple(one for one in moved if all(one[1:])), tuple(one for one in let_go if one[1]))


def segments(text: str) -> Segments:
    """Return the parts of an address of a resource or of a module."""
    address = parse(text)
    modules = tuple((f"module.{name}", key) for _, name, key in steps(address.module if address else text))
    return (*modules, (address.resource, address.key)) if address else modules


def spelled(parts: Segments) -> str:
    """Return the address that has these parts."""
    return ".".join(f"{name}[{key}]" if key else name for name, key in parts)


def _names(parts: Segments) -> tuple[str, ...]:
    return tuple(name for name, _ in parts)


def _replaced(rest: Segments, new: Segments, old: Segments) -> Segments | None:
    """Return what `rest` was before `old` became `new`; None if it was not touched. Without keys, all instances move."""
    head, (name, key) = new[:-1], new[-1]
    if rest[: len(head)] != head or len(rest) < len(new) or rest[len(head)][0] != name:
        return None
    own, (former, former_key) = rest[len(head)][1], old[-1]
    is_whole = not key and not former_key
    if not is_whole and own != key:
        return None
    return (*old[:-1], (former, own if is_whole else former_key), *rest[len(new) :])


def _target(block: Block, name: str) -> Segments:
    attribute = block.body.attributes.get(name)
    if attribute is None:
        return ()
    expression = attribute.expression
    # In JSON, it is a string.
    text = expression.value.raw if isinstance(expression, Literal) else expression.text
    return segments(text.removeprefix("${").removesuffix("}")) if isinstance(text, str) else ()


def _is_let_go(block: Block) -> bool:
    inner = next(block.body.blocks_of("lifecycle"), None) if block.type == "removed" else None
    destroy = inner.body.attributes.get("destroy") if inner else None
    return destroy is not None and isinstance(destroy.expression, Literal) and destroy.expression.value.raw is False
