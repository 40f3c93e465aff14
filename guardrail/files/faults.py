"""What is wrong with a file, in words of the file: one line each, with its place."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from pydantic import BaseModel, ValidationError

from guardrail.errors import GuardrailError, did_you_mean
from guardrail.files.yaml_file import Place, YamlFile

_SHOWN = 60  # characters of a wrong value


def expected_keys(model: type[BaseModel]) -> str:
    """Return what to do about a file that holds no keys."""
    return f"expected: {', '.join(_keys(model))}"


def faults_of(
    model: type[BaseModel], problem: ValidationError, file: YamlFile, error: type[GuardrailError]
) -> list[GuardrailError]:
    """Return everything that a model finds wrong in a file: what helps most comes first."""
    # A misspelt key is missing as well: say what is there before what is not.
    told = (fault for fault in problem.errors() if not _counts_only_the_good(fault))
    found = sorted(told, key=lambda e: (e["type"] == "missing", file.line(_place(e["loc"], file))))
    faults: dict[str, GuardrailError] = {}
    for fault in found:
        place = _place(fault["loc"], file)
        what, fix = _wording(model, dict(fault), place)
        faults.setdefault(f"{place} {what}", error(what, where=file.where(place), fix=fix))
    return list(faults.values())


def _counts_only_the_good(fault: Mapping[str, Any]) -> bool:
    """Say whether a list is called too short for items that have faults of their own."""
    return bool(fault["type"] == "too_short" and len(fault["input"]) >= fault["ctx"]["min_length"])


def _wording(model: type[BaseModel], fault: Mapping[str, Any], place: Place) -> tuple[str, str]:
    name = ".".join(map(str, place)) or "the file"
    if fault["type"] == "extra_forbidden":
        known = _keys(_model_at(model, place[:-1]))
        return f"unknown key {name!r}", did_you_mean(str(place[-1]), known) or f"known here: {', '.join(known)}"
    if fault["type"] == "missing":
        missing = str(fault["loc"][-1])
        return f"{missing!r} is missing" + (f" in {name!r}" if place else ""), ""
    if fault["type"] == "enum":
        expected = str(fault["ctx"]["expected"])
        known = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
        given = fault["input"]
        return f"{name}: {_short(given)} is not one of {', '.join(known)}", did_you_mean(str(given), known)
    if fault["type"] == "value_error":
        return f"{name}: {fault['ctx']['error']}", ""
    if kind := _KINDS.get(fault["type"]):
        return f"{name}: should be {kind}, not {_short(fault['input'])}", ""
    if fault["type"] in {"too_short", "too_long"}:
        side, number = ("at least", "min_length") if fault["type"] == "too_short" else ("at most", "max_length")
        limit = fault["ctx"][number]
        items = "item" if limit == 1 else "items"
        return f"{name}: should have {side} {limit} {items}, not {_short(fault['input'])}", ""
    if fault["type"] == "string_pattern_mismatch":
        pattern = fault["ctx"]["pattern"]
        return f"{name}: should be {PATTERNS.get(pattern, f'of the form {pattern}')}, not {_short(fault['input'])}", ""
    return f"{name}: {fault['msg'].replace('Input should', 'should')}, not {_short(fault['input'])}", ""


_KINDS = {
    "model_type": "keys with values",
    "dict_type": "keys with values",
    "tuple_type": "a list, like [a, b]",
    "list_type": "a list, like [a, b]",
}
"""By pydantic's type of a fault, where its own words are of Python and not of YAML."""


PATTERNS = {
    r"^[A-Z]{3}$": "three capital letters, like EUR",
    r"^[A-Za-z0-9 ._:-]{1,50}$": "at most 50 letters, digits, blanks and . _ : -",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$": "letters, digits, dots, _ and -, at most 63",
    r"^https?://[^\s<>\"]{1,500}$": "an address, like https://example.org",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case words joined by -, like cost-allocation",
    r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$": "hours of a day, like 08:00-18:00",
    r"^[0-9a-f]{64}$": "a SHA-256, 64 hexadecimal digits",
}
"""What a pattern of a model asks for, in words."""


def _short(value: object) -> str:
    return "empty" if value is None else shorten(repr(value), _SHOWN, placeholder="...")


def _place(loc: tuple[str | int, ...], file: YamlFile) -> Place:
    """Return the longest part of pydantic's path that is a place in the file."""
    place: Place = ()
    for step in loc:
        if (*place, step) in file.nodes:
            place = (*place, step)
    return place


def _keys(model: type[BaseModel] | None) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """Return the model that describes what stands at a place."""
    found: type[BaseModel] | None = model
    for step in place:
        if found is None:
            return None
        if isinstance(step, str) and (field := _field(found, step)):
            found = _model_in(field.annotation)
    return found


def _field(model: type[BaseModel], key: str) -> Any:
    return next((info for name, info in model.model_fields.items() if key in {name, info.alias}), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if parts := typing.get_args(annotation):
        return next((found for part in parts if (found := _model_in(part))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
