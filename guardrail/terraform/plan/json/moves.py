"""`moved` and `removed`: the address that a resource had before, and whether it goes on existing without configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from guardrail.terraform.address import parse, steps

_CHAIN = 20  # moves of moves; people remove the blocks after a while

Segments = tuple[tuple[str, str], ...]
"""An address in parts: ("module.web", '"a"'), ("aws_instance.this", "0"), each with its key, "" for none."""


class Moves(Struct, frozen=True):
    """What the `moved` and `removed` blocks of a configuration say.

    moved      names of the calls that lead to the module of the block, and `from` and `to`, as seen from there
    forgotten  names of the calls likewise, and `from` of a `removed` block with `destroy = false`
    """

    moved: tuple[tuple[tuple[str, ...], Segments, Segments], ...] = ()
    forgotten: tuple[tuple[tuple[str, ...], Segments], ...] = ()

    def former(self, address: str, base: Collection[str], head: Collection[str]) -> str | None:
        """Return the address that a resource of `head` had in `base`, None for one that is new.

        As Terraform does by itself, one without a key and the one of key 0 are the same resource.
        """
        seen, waiting = {address}, [segments(address)]
        # Step by step, so that the nearest former address counts; blocks that move in a circle end at `seen`.
        for _ in range(_CHAIN):
            waiting = [
                one for former in waiting for one in self._earlier_addresses(former) if address_of(one) not in seen
            ]
            seen.update(map(address_of, waiting))
            found = next((text for one in waiting if (text := address_of(one)) in base and text not in head), None)
            if found or not waiting:
                return found
        return None

    def _earlier_addresses(self, address: Segments) -> Iterator[Segments]:
        """Yield the addresses that one `moved` block, or the adding or removing of `count`, made this one from."""
        for calls, old, new in self.moved:
            rest = address[len(calls) :]
            if _names(address[: len(calls)]) == calls and (replaced := _replaced(rest, new, old)):
                yield (*address[: len(calls)], *replaced)
        for index, (name, key) in enumerate(address):
            if key in {"", "0"}:
                yield (*address[:index], (name, "" if key else "0"), *address[index + 1 :])

    def is_forgotten(self, address: str) -> bool:
        """Return whether a resource that is gone from the configuration goes on existing."""
        parts = segments(address)
        return any(
            _names(parts[: len(calls)]) == calls and _replaced(parts[len(calls) :], old, old)
            for calls, old in self.forgotten
        )


NO_MOVES = Moves()


def segments(text: str) -> Segments:
    """Return the parts of an address of a resource or of a module."""
    address = parse(text)
    modules = tuple((f"module.{name}", key) for _, name, key in steps(address.module if address else text))
    return (*modules, (address.resource, address.key)) if address else modules


def address_of(parts: Segments) -> str:
    """Return the address that has these parts."""
    return ".".join(f"{name}[{key}]" if key else name for name, key in parts)


def _names(parts: Segments) -> tuple[str, ...]:
    return tuple(name for name, _ in parts)


def _replaced(rest: Segments, new: Segments, old: Segments) -> Segments | None:
    """Return what `rest` was before `old` became `new`; None if it was not touched. Without keys, all instances move."""
    head, (name, key) = new[:-1], new[-1]
    if rest[: len(head)] != head or len(rest) < len(new) or rest[len(head)][0] != name:
        return None
    # Addresses without keys move a resource with all of its instances; one with a key moves this instance.
    own, (former, former_key) = rest[len(head)][1], old[-1]
    is_whole = not key and not former_key
    if not is_whole and own != key:
        return None
    return (*old[:-1], (former, own if is_whole else former_key), *rest[len(new) :])
