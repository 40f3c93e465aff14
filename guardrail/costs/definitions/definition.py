"""A cost definition as its TOML file spells it, checked for everything that can be known without a resource."""

import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from msgspec import Struct, field

from guardrail.costs.running_hours import READ
from guardrail.errors import DefinitionError, did_you_mean
from guardrail.files.remembered import remember, remembered
from guardrail.files.section import Field, Section, field_validator, model_validator

if TYPE_CHECKING:
    from pydantic import ValidationError

Scalar = bool | int | float | str
Expression = Annotated[str, Field(description="an expression (=...), a constant, or text with ${...} in it")]


class UsageKey(Section):
    """What only the user can know of a resource."""

    unit: str
    """unit of the number that is asked for"""
    help: str
    """what it means, one sentence"""
    default: Scalar | None = None
    """a default that the vendor's own documentation gives"""
    one_of: tuple[Scalar, ...] = ()
    """the only values there are"""


class Price(Section):
    """Which catalog rows a component's price is in. Further keys are attributes of the rows."""

    further = "attributes"

    service: str
    """service in the catalog: the name of its CSV file"""
    family: str | None = None
    """product family: exact, =expression or ~regex"""
    region: str | None = None
    """region of the price, default the definition's"""
    purchase_option: str = "on_demand"
    """on_demand, spot, reserved_1yr_no_upfront, ..."""
    unit: str | None = None
    """unit of the price, where rows differ in nothing else"""
    attributes: dict[str, Any] = field(default_factory=dict)
    """what else the rows have, to select by"""


class FreeWhen(Section):
    """A case in which the resource costs nothing, and who says so."""

    condition: Expression
    reason: str
    """why it is free then, in a few words"""


class Otherwise(Section):
    """What is asked for where the catalog has no price of a component: the same, sold in another way."""

    price: Price
    times: Scalar = 1
    """instead of the component's times"""


class Component(Section):
    """One line of the bill."""

    name: Expression
    unit: Expression
    """unit of the quantity as shown"""
    quantity: Scalar
    """monthly quantity in the unit of the catalog's price"""
    price: Price
    per: Scalar = 1
    """how many catalog units make one shown unit"""
    when: Expression | None = None
    """the line exists only if this holds"""
    optional: Scalar = False
    """without its usage the line is left out"""
    floor: Scalar | None = None
    """the quantity that is paid at least, where quantity is not known"""
    assumed: Expression = ""
    """what the line takes for granted, as the plan does not tell it; or none"""
    tier_from: Scalar = 0
    """quantity that is used up already on the ladder of tiers"""
    times: Scalar = 1
    """multiplies the cost after tiers, and the shown quantity"""
    upfront_months: Scalar = 0
    """the price is a one-time fee, spread over so many months"""
    sustained: Scalar = 1
    """share of the price that use on demand costs; what is committed costs all of its own"""
    group: Expression = ""
    """heading under which reports show the line"""
    gap: str = ""
    """why the shipped catalog has no such price, if it has none"""
    otherwise: Otherwise | None = None
    """what is asked for where the catalog has no such price"""
    unanchored: str = ""
    """why a pattern of the price says not what the whole of a value is"""


class Child(Section):
    """A nested block, or a referenced resource, that another type's definition prices."""

    as_: Expression = field(name="as")
    """Terraform type whose definition prices it"""
    block: str | None = None
    """nested block, one child an element"""
    for_each: Expression | None = None
    """instead of block: an expression that gives a list"""
    with_: dict[str, Any] = field(name="with", default_factory=dict)
    """attributes handed over"""
    attributes: Expression | None = None
    """expression that gives a whole map of attributes"""
    assume: dict[str, Any] = field(default_factory=dict)
    """what stands for a handed attribute that is known only after apply"""
    usage: dict[str, Scalar] = field(default_factory=dict)
    """usage handed over beside the parent's own"""
    when: Expression | None = None
    times: Scalar = 1
    """multiplies the child's quantities"""
    floor: Scalar | None = None
    """times at least, where times is not known"""
    assumed: Expression = ""
    """what its lines take for granted, as the plan does not tell it; or none"""
    group: Expression | None = None
    """heading, default the block's name"""


class Reference(Section):
    """Another resource whose attributes the price depends on."""

    types: Annotated[tuple[str, ...], Field(min_length=1)]
    attribute: str | None = None
    """attribute whose expression mentions it; default any"""
    back: bool = False
    """the resource that mentions this one"""
    all: bool = False
    """a list of all, instead of the first"""
    of: str | None = None
    """an earlier reference: look from the resources that it found"""
    needed: bool = False
    """not known where the attribute names what is not in the plan; else null"""
    assumed: str = ""
    """what is taken for granted where it names what is not in the plan"""
    versioned: bool = False
    """a launch template: of the version that the attribute names"""
    alike: tuple[str, ...] | None = None
    """its place (from 0) among the resources of these types with its region and these attributes"""


class Scheduled(Section):
    """Weekly schedules that start and stop the resource."""

    by: str
    """reference to all of them"""
    hours: str
    """usage key that they speak for where it is not given"""


class Definition(Section):
    """How one Terraform resource type is priced (docs/definitions.md)."""

    schema_: Literal[1] = field(name="schema")
    like: str | None = None
    """type of the same folder that is priced the same but for what is here"""
    docs: str = ""
    """the vendor's price page"""
    note: str = ""
    """what the estimate leaves out"""
    region: Expression = "=region"
    free_when: tuple[FreeWhen, ...] = ()
    not_covered: str = ""
    """what no line of the definition is for, where its lines do not cover all"""
    not_covered_remedy: str = ""
    """what to do then, if not to write a definition of one's own"""
    derive: str | None = None
    """function in guardrail/costs/definitions/derive.py that adds attributes"""
    in_usage_file: bool = False
    """no resource of a plan: an entry of the usage file says that it exists"""
    usage: dict[str, UsageKey] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    provider_defaults: dict[str, Any] = field(default_factory=dict)
    """the provider's own documented defaults, by dotted path without places in lists: rules read them"""
    assume: dict[str, Any] = field(default_factory=dict)
    table: dict[str, dict[str, Any]] = field(default_factory=dict)
    let: dict[str, Scalar] = field(default_factory=dict)
    refs: dict[str, Reference] = field(default_factory=dict)
    schedule: Scheduled | None = None
    component: tuple[Component, ...] = ()
    child: tuple[Child, ...] = ()

    @field_validator("refs")
    @classmethod
    def _of_earlier(cls, refs: dict[str, Reference]) -> dict[str, Reference]:
        names = list(refs)
        for place, reference in enumerate(refs.values()):
            if reference.of is not None and reference.of not in names[:place]:
                msg = f"{names[place]} looks from {reference.of!r}, which is no earlier reference"
                raise ValueError(msg)
        return refs

    @model_validator
    def _with_a_schedule(self) -> None:
        if self.schedule:
            found = self.refs.get(self.schedule.by)
            if found is None or not found.all or len(found.types) != 1 or found.types[0] not in READ:
                msg = f"schedule: {self.schedule.by!r} is no reference to all schedules of a type that is read"
                raise ValueError(msg)
            if self.schedule.hours not in self.usage:
                msg = f"schedule: there is no usage key {self.schedule.hours!r}"
                raise ValueError(msg)


class Source(NamedTuple):
    """The file of a definition, and what is in it."""

    path: Path
    text: str
    content: dict[str, Any]


class _Read(Struct, frozen=True):
    """A definition as an earlier run has read it: `like` names the files that it is like, of which `digest` is."""

    definition: Definition
    like: tuple[str, ...]
    digest: str


def read_definition(path: Path) -> tuple[Definition, tuple[str, ...]]:
    """Return the definition of a file, and the texts that it is made of. Raises DefinitionError with file and line."""
    text = _text(path)
    if read := remembered(_Read, text):
        bases = [path.parent / name for name in read.like]
        texts = tuple(_text(base) for base in bases if base.is_file())
        if read.digest == _digest(texts):
            return read.definition, (text, *texts)
    sources = read_sources(path)
    definition = definition_of(sources)
    texts = tuple(one.text for one in sources[1:])
    remember(_Read(definition, tuple(one.path.name for one in sources[1:]), _digest(texts)), text)
    return definition, (text, *texts)


def _digest(texts: tuple[str, ...]) -> str:
    return sha256(repr(texts).encode()).hexdigest()


def read_sources(path: Path) -> list[Source]:
    """Read the file of a definition, and those of what it is `like`, its own first. Raises DefinitionError with its line."""
    sources = [_read(path)]
    while isinstance(like := sources[-1].content.get("like"), str):
        last = sources[-1]
        where = f"{last.path}:{line_of(last.text, ('like',))}"
        base = path.parent / f"{like}.toml"
        if base.parent != path.parent or not base.is_file():
            raise DefinitionError(f"like: no definition of {like!r} in the same folder", where=where)
        if any(one.path == base for one in sources):
            raise DefinitionError(f"like: {like} is like this one", where=where, fix="leave out one of the two")
        sources.append(_read(base))
    return sources


def definition_of(sources: list[Source]) -> Definition:
    """Return the definition that the files make together. Raises DefinitionError with file and line."""
    own, *bases = sources
    content = own.content
    for base in bases:
        content = _merged(base.content, content)
    from guardrail.files.model import ValidationError, validated  # noqa: PLC0415 - loads pydantic

    try:
        return validated(Definition, content)
    except ValidationError as error:
        raise _invalid(own.path, own.text, error) from None


def _read(path: Path) -> Source:
    import tomllib  # noqa: PLC0415 - for what has not been read before

    text = _text(path)
    try:
        return Source(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise DefinitionError(what, where=f"{path}:{place.group(1)}" if place else str(path)) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(f"cannot be read: {error}", where=str(path)) from None


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return a definition with what it has of its own: tables by key, lines after those there are, all else instead."""
    merged = dict(base)
    for key, value in own.items():
        there = base.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            merged[key] = {**there, **value}
        elif key in {"component", "child"} and isinstance(value, list) and isinstance(there, list):
            merged[key] = there + value
        else:
            merged[key] = value
    return merged


def line_of(text: str, location: tuple[str | int, ...]) -> int:
    """Return the line of a TOML text that the keys lead to, as near as a search for them comes."""
    lines = text.splitlines()
    at = 0
    for step in location:
        if isinstance(step, int):
            heads = [i for i, line in enumerate(lines) if line.startswith("[[") and i >= at - 1]
            at = heads[step] if step < len(heads) else at
            continue
        pattern = re.compile(
            rf"^\s*(\[+[\w.\"]*\b{re.escape(step)}\b[\w.\"]*\]+|\"?{re.escape(step)}\"?\s*=|.*[{{,]\s*{re.escape(step)}\s*=)"
        )
        at = next((i for i in range(at, len(lines)) if pattern.match(lines[i])), at)
    return at + 1


def _invalid(path: Path, text: str, error: "ValidationError") -> DefinitionError:
    # A misspelt key is also a missing one; the spelling is what helps.
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    location = tuple(first["loc"])
    key = ".".join(str(step) for step in location)
    if first["type"] == "extra_forbidden":
        known = _fields_at(location[:-1])
        what, fix = (
            f"unknown key {key!r}",
            did_you_mean(str(location[-1]), known) or f"known: {', '.join(sorted(known))}",
        )
    elif first["type"] == "missing":
        what, fix = f"{key!r} is missing", "add it"
    else:
        what, fix = f"{key}: {first['msg'].lower()}", ""
    return DefinitionError(what, where=f"{path}:{line_of(text, location)}", fix=fix)


def _fields_at(location: tuple[str | int, ...]) -> set[str]:
    sections: dict[str, type[Section]] = {
        "component": Component,
        "child": Child,
        "free_when": FreeWhen,
        "refs": Reference,
        "schedule": Scheduled,
        "usage": UsageKey,
    }
    head = str(location[0]) if location else ""
    section = Price if location[-1:] == ("price",) else sections.get(head, Definition)
    return set(section.__struct_encode_fields__) - {section.further}
