"""What differs between the two sides of a resource, attribute by attribute, as it may be shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown

SENSITIVE = "(sensitive)"
MOST = 40
"""Differences of one resource that are kept: the longest comment shows fewer."""

_LONGEST = 200  # characters of a value: a user_data of 16 kB is told by its beginning
_DEEPEST = 6
_EMPTY: tuple[Json, ...] = (None, "", [], {})
# Copies that providers keep of an attribute beside it, in which the tags of the provider are merged.
_COPIES = {"tags_all": "tags", "effective_labels": "labels", "terraform_labels": "labels"}

Step = str | int
Steps = tuple[Step, ...]


class Difference(Struct, frozen=True):
    """An attribute that differs.

    path           "instance_type", "root_block_device[0].volume_size"
    before, after  a single value, the JSON of several, `SENSITIVE`, Unknown, or None where it is not set
    effect         what this alone does to the monthly cost of the resource; None where that is not told
    of             address of the resource that it is an attribute of, where that is another: a launch template
    """

    path: str
    before: Json
    after: Json
    effect: Decimal | None = None
    of: str = ""


class Leaf(Struct, frozen=True):
    """A difference with its place in the attribute, before anything of it is taken away to be shown.

    steps       to the value, from the attribute's name on; indexes are those of the list as it was
    is_default  whether the value that will be is left to the provider: only worth telling if it moves the cost
    """

    steps: Steps
    before: Json
    after: Json
    path: str
    is_secret: bool = False
    is_default: bool = False

    def shown(self, effect: Decimal | None = None, of: str = "") -> Difference:
        """Return it as it may leave the process."""
        if self.is_secret:
            return Difference(self.path, SENSITIVE, SENSITIVE, effect, of)
        return Difference(self.path, single(self.before), single(self.after), effect, of)


class _Place(Struct, frozen=True):
    """Where two values stand that are compared, and the marks of sensitive parts at either side."""

    steps: Steps
    path: str
    marks: tuple[Json, Json] = (None, None)

    def at(self, was: Step, will: Step) -> _Place:
        """Return the place of a part: the key of a map, or the index of an element on either side."""
        path = f"{self.path}[{will}]" if isinstance(will, int) else f"{self.path}.{will}"
        return _Place((*self.steps, was), path, (_mark(self.marks[0], was), _mark(self.marks[1], will)))


def differing(change: Change, read: frozenset[str] | None) -> list[Leaf]:
    """Return what differs between a change's sides.

    `read` are attributes that the price depends on (None: any may). What the configuration leaves to the provider is
    told only of these: plans call every such attribute of a replaced resource known after apply.
    """
    before, after = change.before, change.after
    if before is None or after is None or not before.values:
        return []
    found: list[Leaf] = []
    was, will = before.values, after.values
    known = [name for name, value in was.items() if value != will.get(name)]
    known += [name for name in will.keys() - was.keys() if will[name] is not None]
    open_ = [name for marks in (before.unknown, after.unknown) for name, mark in marks.items() if mark]
    for name in sorted({*known, *open_}):
        is_default = after.unknown.get(name) is True and after.written is not None and name not in after.written
        if is_default and read is not None and name not in read:
            continue
        place = _Place((name,), name, (_secrets(before, name), _secrets(after, name)))
        for leaf in _compared(before.get(name), after.configured(name, keep=True), place):
            is_open = isinstance(leaf.after, Unknown) and leaf.after.written is False
            found.append(
                Leaf(leaf.steps, leaf.before, leaf.after, leaf.path, leaf.is_secret, is_default=True)
                if is_open
                else leaf
            )
    return _without_copies(found)


def leaves(before: Json, after: Json, name: str, path: str) -> list[Leaf]:
    """Return what differs between two values, of which nothing is marked as sensitive."""
    return list(_compared(before, after, _Place((name,), path)))


def _compared(before: Json, after: Json, place: _Place) -> Iterator[Leaf]:
    if before == after or (before in _EMPTY and after in _EMPTY):
        return
    is_secret = any(mark is True for mark in place.marks)
    if not is_secret and len(place.steps) < _DEEPEST:
        if isinstance(before, dict) and isinstance(after, dict):
            for key in sorted(before.keys() | after.keys()):
                was, will = before.get(key), after.get(key)
                if was != will:
                    yield from _compared(was, will, place.at(key, key))
            return
        if _is_blocks(before) and _is_blocks(after):
            yield from _blocks(before or [], after or [], place)
            return
    # Where a part is secret that is not compared by itself, the whole is.
    secret = is_secret or any(map(_has_mark, place.marks))
    yield Leaf(place.steps, before, after, place.path, secret)


def _blocks(before: list[Json], after: list[Json], place: _Place) -> Iterator[Leaf]:
    """Compare lists of blocks: those that stay are left out first, since providers sort sets anew."""
    left = list(after)
    gone: list[int] = []
    for index, one in enumerate(before):
        if one in left:
            left.remove(one)
        else:
            gone.append(index)
    fresh = [index for index, one in enumerate(after) if any(one is other for other in left)]
    for was, will in zip(gone, fresh, strict=False):
        yield from _compared(before[was], after[will], place.at(was, will))
    for was in gone[len(fresh) :]:
        yield from _compared(before[was], None, place.at(was, was))
    for number, will in enumerate(fresh[len(gone) :]):
        yield from _compared(None, after[will], place.at(len(before) + number, will))


def substituted(value: Json, steps: Steps, leaf: Json) -> Json:
    """Return a value with `leaf` at a place inside; an element that is None is taken out, one behind the last added."""
    if not steps:
        return leaf
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        inner = dict(value) if isinstance(value, Mapping) else {}
        return {**inner, step: substituted(inner.get(step), rest, leaf)}
    items = list(value) if isinstance(value, list) else []
    if step >= len(items):
        return [*items, substituted(None, rest, leaf)]
    part = substituted(items[step], rest, leaf)
    return items[:step] + ([] if part is None else [part]) + items[step + 1 :]


def _without_copies(found: list[Leaf]) -> list[Leaf]:
    """Leave out the copies of tags that say what the tags say themselves."""
    told = {leaf.path for leaf in found}

    def original(leaf: Leaf) -> str:
        name = str(leaf.steps[0])
        return _COPIES[name] + leaf.path[len(name) :] if name in _COPIES else ""

    return [leaf for leaf in found if original(leaf) not in told]


def _is_blocks(value: Json) -> bool:
    """Say whether a value is a list of nested blocks; nothing is an empty one."""
    return value is None or (isinstance(value, list) and all(isinstance(one, dict) for one in value))


def _secrets(side: Side, name: str) -> Json:
    marks = side.sensitive
    return marks if isinstance(marks, bool) else marks.get(name)


def _mark(marks: Json, step: Step) -> Json:
    if isinstance(marks, Mapping):
        return marks.get(step)
    if isinstance(marks, Sequence) and not isinstance(marks, str) and isinstance(step, int):
        return marks[step] if step < len(marks) else None
    return marks is True


def _has_mark(marks: Json) -> bool:
    if isinstance(marks, Mapping):
        return any(map(_has_mark, marks.values()))
    if isinstance(marks, list):
        return any(map(_has_mark, marks))
    return marks is True


def single(value: Json) -> Json:
    """Return a value as one that a row has room for: what is nested as its JSON, without what is not set.

    Results of other runs are read through it, too: nothing that they hold is longer.
    """
    if isinstance(value, (dict, list)):
        value = json.dumps(_bare(value), ensure_ascii=False)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**30:
        value = f"a number of about {len(hex(value)) * 6 // 5:,} digits"
    return f"{value[: _LONGEST - 1]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def _bare(value: Json) -> Json:
    if isinstance(value, Unknown):
        return f"({value.reason})"
    if isinstance(value, dict):
        return {key: _bare(part) for key, part in value.items() if part not in _EMPTY}
    if isinstance(value, list):
        return [_bare(part) for part in value]
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
