"""What a file says as a pydantic model, or one line that says what is wrong with it and where."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from textwrap import shorten
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError

from guardrail.errors import GuardrailError, did_you_mean
from guardrail.files.yaml_file import Place, YamlFile

Model = TypeVar("Model", bound=BaseModel)

_SHOWN = 60  # characters of a wrong value


class Section(BaseModel):
    """A part of a file: a closed set of keys, frozen once read."""

    # Most models are parts of others, and most files are not read by a run: what checks one is made when it first does.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe keys by the texts below them. pydantic would read the source for that whenever a class is made."""
        from guardrail.files.described import texts_below_fields  # noqa: PLC0415 - only for schemas

        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in texts_below_fields(cls).items():
            key = cls.model_fields[name].alias or name
            if key in properties:
                properties[key].setdefault("description", text)
        return schema


def checked(model: type[Model], file: YamlFile, error: type[GuardrailError]) -> Model:
    """Return the file's content as a model. Raises `error` for the first thing that is wrong in it."""
    found, faults = examined(model, file, error)
    if found is None:
        raise faults[0]
    return found


def examined(
    model: type[Model], file: YamlFile, error: type[GuardrailError]
) -> tuple[Model | None, list[GuardrailError]]:
    """Return the file's content as a model, or None and everything that is wrong in it: what helps most comes first."""
    if not isinstance(file.data, dict):
        fix = f"expected: {', '.join(_keys(model))}"
        return None, [error("must hold keys and values", where=file.name, fix=fix)]
    try:
        return model.model_validate(file.data), []
    except ValidationError as problem:
        # A misspelt key is missing as well: say what is there before what is not.
        found = sorted(problem.errors(), key=lambda e: (e["type"] == "missing", file.line(_place(e["loc"], file))))
    faults: dict[str, GuardrailError] = {}
    for fault in found:
        place = _place(fault["loc"], file)
        what, fix = _wording(model, dict(fault), place)
        faults.setdefault(f"{place} {what}", error(what, where=file.where(place), fix=fix))
    return None, list(faults.values())


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
    return f"{name}: {fault['msg'].replace('Input should', 'should')}, not {_short(fault['input'])}", ""


_KINDS = {
    "model_type": "keys with values",
    "dict_type": "keys with values",
    "tuple_type": "a list, like [a, b]",
    "list_type": "a list, like [a, b]",
}
"""By pydantic's type of a fault, where its own words are of Python and not of YAML."""


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
