"""Values that are not known: neither missing, nor empty, nor zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.reason import Reason

Json = Any
"""A value as JSON spells it: None, bool, int, float, str, list or dict with string keys."""


class Unknown(Struct, frozen=True):
    """A value that is not known.

    path    where it stands ("tags.env", "root_block_device.0.iops")
    reason  why, in words that follow "is" ("known after apply", "not evaluated: variable size has no value")
    kind    the same for programs; None where it is for another reason: usage that nobody gave, a secret, a sum
    remedy  what makes it known, "" where only applying does
    written whether the configuration sets it: False where that leaves it to the provider, None where nothing tells
    machine_type  the one of which the machine catalog lacks a fact (kind no-machine-fact), "" where it is for another reason
    """

    path: str
    reason: str = "known after apply"
    kind: Reason | None = Reason.KNOWN_AFTER_APPLY
    remedy: str = ""
    written: bool | None = None
    machine_type: str = ""

    @property
    def text(self) -> str:
        """What is not known, and why, in one clause: "size is known after apply"."""
        if self.kind is Reason.NO_MACHINE_FACT:
            return self.reason  # which names the machine type, where the path is only a rule's name for the fact
        return (
            f"{self.path} is {self.reason}"
            if self.reason.startswith(("known ", "not ", "incomplete"))
            else f"{self.path}: {self.reason}"
        )


def not_evaluated(path: str, why: str = "") -> Unknown:
    """Return a value that a configuration folder could not be asked for; `why` as in "variable size has no value"."""
    is_variable = why.startswith("variable ")
    remedy = (
        "give the variable a value: `var_files` or `vars` of its project, `--var-file FILE` or `--var NAME=VALUE`"
        if is_variable
        else _PLAN_KNOWS
    )
    return Unknown(path, f"not evaluated: {why}" if why else "not evaluated", Reason.NOT_EVALUATED, remedy)


_PLAN_KNOWS = "check the JSON of a plan, which has the value"


def with_unknowns(value: Json, unknown: Json, path: str, make: Callable[[str], Unknown] = Unknown) -> Json:
    """Lay Terraform's `after_unknown` marks over a value.

    `unknown` is True where the value as a whole is known only after apply, and otherwise a dict or a list of the same
    shape that holds the marks of the parts. In a configuration that nobody has planned a mark may also be a text: why the
    value could not be evaluated. Attributes that are unknown and absent from `value` are added. `path` is the attribute's
    name, to which the places inside are appended with dots; `make` gives what stands where a mark is True.
    """
    if unknown is True:
        return make(path)
    if isinstance(unknown, str):
        return not_evaluated(path, unknown)
    if not unknown:
        return value
    if isinstance(unknown, dict):
        parts = dict(value) if isinstance(value, dict) else {}
        for key, mark in unknown.items():
            if mark:
                parts[key] = with_unknowns(parts.get(key), mark, f"{path}.{key}", make)
        return parts
    if isinstance(unknown, list):
        items = list(value) if isinstance(value, list) else []
        items += [None] * (len(unknown) - len(items))
        for index, mark in enumerate(unknown):
            if mark:
                items[index] = with_unknowns(items[index], mark, f"{path}.{index}", make)
        return items
    return value


def as_written(value: Json, written: frozenset[str], path: str, *, keep: bool = False) -> Json:
    """Return a value with what is unknown in it told apart: what is left to the provider is null, and absent from maps.

    `written` are the paths of what the configuration sets, without the places in lists: a set of blocks has another order
    than the text. With `keep`, what is left to the provider stays, as an Unknown that says so.
    """
    if isinstance(value, Unknown):
        is_set = any(above in written for above in _with_those_above(path))
        return replace(value, written=is_set) if is_set or keep else None
    if isinstance(value, dict):
        parts = {key: (part, as_written(part, written, f"{path}.{key}", keep=keep)) for key, part in value.items()}
        return {key: told for key, (part, told) in parts.items() if told is not None or part is None}
    if isinstance(value, list):
        return [as_written(part, written, path, keep=keep) for part in value]
    return value


def is_written(path: str, written: frozenset[str]) -> bool:
    """Say whether the configuration sets the unknown value at a path; `written` are paths without the places in lists."""
    plain = ".".join(step for step in path.split(".") if not step.isdecimal())
    return any(above in written for above in _with_those_above(plain))


def _with_those_above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def has_marks(mark: Json) -> bool:
    """Say whether marks, of what is unknown or of what is sensitive, mark anything."""
    if isinstance(mark, dict):
        return any(map(has_marks, filter(None, mark.values())))
    if isinstance(mark, list):
        return any(map(has_marks, filter(None, mark)))
    return bool(mark)


def redacted(value: Json, sensitive: Json) -> Json:
    """Replace what Terraform marks as sensitive by "(sensitive)", leaving the shape as it is."""
    if sensitive is True:
        return "(sensitive)"
    if not sensitive:
        return value
    if isinstance(sensitive, dict) and isinstance(value, dict):
        return {key: redacted(part, sensitive.get(key)) for key, part in value.items()}
    if isinstance(sensitive, list) and isinstance(value, list):
        marks = sensitive + [None] * (len(value) - len(sensitive))
        return [redacted(part, mark) for part, mark in zip(value, marks, strict=False)]
    return value
