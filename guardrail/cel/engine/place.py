"""A place in data as Google's engine looks at it by itself, without a function of ours."""

from __future__ import annotations

from msgspec import Struct


class Place(Struct, frozen=True):
    """How a place is spelled, and what it is instead under conditions, which are asked in order.

    The engine never frees what it hands to a function, and a map, or what is in it, may be large. A place is spelled several
    times, and so only for names and keys.
    """

    place: str
    unlike: tuple[str, ...] = ()

    def unless(self, condition: str, otherwise: str) -> Place:
        """Return the place with what it is instead under one more condition."""
        return Place(self.place, (*self.unlike, f"{condition} ? {otherwise}"))

    def at(self, key: str) -> Place:
        """Return what the place has at a key."""
        return Place(f"{self.place}[{key}]", self.unlike)

    def text(self, whole: str = "") -> str:
        """Spell it; `whole` stands for what is told of it where that is not its value."""
        whole = whole or self.place
        return f"({' : '.join((*self.unlike, whole))})" if self.unlike else whole
