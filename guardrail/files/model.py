"""The pydantic model that checks a section, made of the section itself: what it declares is said once."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, TypeVar, Union

import msgspec
import pydantic
from msgspec.structs import FieldInfo
from pydantic import ValidationError, field_validator, model_validator

from guardrail.files.document import Document
from guardrail.files.section import Asked, Constraint, Section, WrittenAs

__all__ = ["ValidationError", "model_of", "validated"]

_ACCEPTED = "json_schema_input_type"
"""The option of a BeforeValidator that says what it takes."""

One = TypeVar("One", bound=Section)


def validated(section: type[One], data: Any) -> One:
    """Return what data says as a section. Raises ValidationError of pydantic for everything that is wrong in it."""
    found: One = _as_section(model_of(section).model_validate(data))
    return found


@cache
def model_of(section: type[Section]) -> type[Document]:
    """Return the model of a section, and of those in it."""
    fields: dict[str, Any] = {
        one.name: _field(one) for one in msgspec.structs.fields(section) if one.name != section.further
    }
    base: Any = type(section.__name__, (Document,), {"__module__": section.__module__})
    base.declared_by = classmethod(lambda _: section)
    base.model_config["extra"] = "allow" if section.further else "forbid"
    model: type[Document] = pydantic.create_model(
        section.__name__,
        __base__=base,
        __doc__=section.__doc__,
        __module__=section.__module__,
        __validators__=dict(_validators(section)),
        **fields,
    )
    return model


def _field(one: FieldInfo) -> tuple[Any, Any]:
    """Return a field of a section as a model has it: its type, and what is known beside."""
    known: dict[str, Any] = {"alias": one.encode_name} if one.encode_name != one.name else {}
    if one.default_factory is not msgspec.NODEFAULT:
        known["default_factory"] = one.default_factory
    elif one.default is not msgspec.NODEFAULT:
        known["default"] = _as_default(one.default)
    return _in_models(one.type), pydantic.Field(**known)


def _validators(section: type[Section]) -> Iterator[tuple[str, Any]]:
    yield "_fields_of", model_validator(mode="before")(_fields_of)
    methods = {name: method for one in reversed(section.__mro__) for name, method in vars(one).items()}
    for name, method in methods.items():
        asked = getattr(method, "asked", None)
        if isinstance(asked, Asked):
            check: Any = _of_the_whole(method, with_keys=asked.with_keys)
            decorated: Any = model_validator(mode="after")
            if asked.fields:
                check, decorated = method, field_validator(*asked.fields, mode=typing.cast("Any", asked.mode))
            yield name, decorated(check)


def _of_the_whole(method: Callable[..., None], *, with_keys: bool) -> Callable[[Document], Document]:
    def asked(model: Document) -> Document:
        method(_as_section(model), *([model.model_fields_set] if with_keys else []))
        return model

    return asked


def _fields_of(data: Any) -> Any:
    """Return a section as what it is made from."""
    return {name: getattr(data, name) for name in data.__struct_fields__} if isinstance(data, Section) else data


def _in_models(annotation: Any, written: type[Document] | None = None) -> Any:
    """Return an annotation with models in place of sections (`written` for what stands for one), and pydantic's own constraints."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return model_of(annotation)
    if written and annotation == dict[str, Any]:
        return written
    parts, origin = typing.get_args(annotation), typing.get_origin(annotation)
    if origin is Annotated:
        kind, *constraints = parts
        if isinstance(constraints[0], WrittenAs):
            return _in_models(kind, model_of(_loaded(constraints[0])))
        return Annotated[(_in_models(kind, written), *map(_of_pydantic, constraints))]
    if not parts or origin is typing.Literal:
        return annotation
    inner = tuple(_in_models(part, written) for part in parts)
    return Union[inner] if origin in {Union, UnionType} else origin[inner]  # noqa: UP007 - made at run time


def _of_pydantic(constraint: Constraint) -> Any:
    """Return a constraint as pydantic has it."""
    types = {name: _in_models(value) for name, value in constraint.options.items() if name == _ACCEPTED}
    return getattr(pydantic, type(constraint).__name__)(*constraint.given, **{**constraint.options, **types})


def _loaded(constraint: WrittenAs) -> type[Section]:
    module, _, name = constraint.given[0].partition(":")
    loaded: type[Section] = getattr(import_module(module), name)
    return loaded


def _as_section(value: Any) -> Any:
    """Return what models hold as sections."""
    if isinstance(value, Document):
        section: Any = value.declared_by()
        names = value.model_fields_set.intersection(type(value).model_fields)
        written = _written(section)
        given = {
            name: _as_written(one) if name in written else _as_section(one)
            for name in names
            for one in [getattr(value, name)]
        }
        return section(**given, **({section.further: value.model_extra or {}} if section.further else {}))
    if isinstance(value, tuple | list):
        return type(value)(map(_as_section, value))
    if isinstance(value, dict):
        return {key: _as_section(one) for key, one in value.items()}
    return value


def _as_written(value: Any) -> Any:
    """Return what models hold as maps of the keys that the file has."""
    if isinstance(value, Document):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return tuple(map(_as_written, value)) if isinstance(value, tuple) else value


@cache
def _written(section: type[Section]) -> frozenset[str]:
    """Return the fields that are kept as the file has them."""
    annotated = ((one.name, typing.get_args(one.type)[1:]) for one in msgspec.structs.fields(section))
    return frozenset(name for name, constraints in annotated if any(isinstance(one, WrittenAs) for one in constraints))


def _as_default(value: Any) -> Any:
    """Return a default, which nothing has to check, as the model has it."""
    if not isinstance(value, Section):
        return value
    names = [name for name in value.__struct_fields__ if name != value.further]
    return model_of(type(value)).model_construct(**{name: _as_default(getattr(value, name)) for name in names})
