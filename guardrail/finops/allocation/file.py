"""allocation.yaml: who pays for what, and how shared costs are split."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import field

from guardrail.errors import ConfigError
from guardrail.files.checked import checked
from guardrail.files.section import (
    BeforeValidator,
    Field,
    Section,
    StringConstraints,
    field_validator,
    keys_validator,
    model_validator,
)
from guardrail.files.yaml_file import read_yaml
from guardrail.finops.charge import ADJUSTMENT, DIRECT
from guardrail.finops.csv_file import number_of, rows_of

WHOLE = Decimal(100)
FILE = "allocation.yaml"
"""How the file is called, beside guardrail.yaml."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1)]
Patterns = Annotated[tuple[Text, ...], BeforeValidator(_listed, json_schema_input_type=Text | tuple[Text, ...])]


class Category(StrEnum):
    """What a charge is for, in FOCUS's words."""

    USAGE = "Usage"
    PURCHASE = "Purchase"
    TAX = "Tax"
    CREDIT = "Credit"
    ADJUSTMENT = "Adjustment"


class Commitment(StrEnum):
    """What a charge says of a commitment, in FOCUS's words."""

    USED = "Used"
    UNUSED = "Unused"


class Split(StrEnum):
    """How a shared cost falls on teams."""

    PROPORTIONAL = "proportional"
    EVEN = "even"
    FIXED = "fixed"
    MEASURE = "measure"
    NONE = "none"


class Match(Section):
    """Charges that fit all that is given. Texts are globs: one, or several of which one must fit. What a charge does not tell fits none."""

    account: Patterns = ()
    """account, subscription or project of the vendor"""
    service: Patterns = ()
    region: Patterns = ()
    project: Patterns = ()
    """project of guardrail.yaml whose resource the charge is of"""
    address: Patterns = ()
    """Terraform address of the resource that the charge is of"""
    resource: Patterns = ()
    """the vendor's id of the resource"""
    meter: Patterns = ()
    """what the vendor meters: AWS's usage type, Azure's meter id, Google's SKU id"""
    provider: Patterns = ()
    source: Patterns = ()
    """name of where the bill comes from: `guardrail ledger show` tells it"""
    category: Category | None = None
    commitment: Commitment | None = None
    """Unused is what of a commitment nobody has used"""
    tags: dict[Text, Patterns] = field(default_factory=dict)
    """tags on the bill: a value, or several of which one must fit"""

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """Return the globs by dimension of a charge."""
        given = {name: getattr(self, name) for name in Match.__struct_fields__ if name != "tags"}
        listed = {name: (value.value,) if isinstance(value, StrEnum) else value for name, value in given.items()}
        return {name: value for name, value in listed.items() if value} | {
            f"tag:{key}": value for key, value in self.tags.items()
        }


class SharedMatch(Match):
    """Charges that are shared: by whose they are by the rules, or as in a rule's match."""

    team: Patterns = ()
    """teams whose own costs are shared"""
    unallocated: bool = False
    """what the rules find no team for"""

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """Return the globs by dimension of a charge, its team included."""
        return Match.wanted(self) | ({"team": self.team} if self.team else {})


class AllocationRule(Section):
    """Whose a charge is. One of tag, tag_of_address and to; the first rule that finds a team decides."""

    match: Match = Match()
    """which charges the rule is for; without it, all"""
    tag: Text | None = None
    """the team is what this tag says on the bill"""
    tag_of_address: Text | None = None
    """the team is what this tag says of the resource in the newest state of its project, which the charge is matched with by its id"""
    to: Text | None = None
    """the team itself"""

    @model_validator
    def _says_one(self) -> None:
        if sum(one is not None for one in (self.tag, self.tag_of_address, self.to)) != 1:
            msg = "a rule has one of tag, tag_of_address and to"
            raise ValueError(msg)

    def looks_at(self) -> str | None:
        """Return the dimension that names the team, None for a rule that names it itself."""
        if self.tag is not None:
            return f"tag:{self.tag}"
        return None if self.tag_of_address is None else f"tag-of-address:{self.tag_of_address}"


class Measure(Section):
    """What a cost is split by: consumed quantities on the bill, or values of a file."""

    match: Match | None = None
    """the charges whose consumed quantity counts, all in one unit"""
    file: Text | None = None
    """CSV with the columns month (2026-10), team and value, relative to allocation.yaml"""

    @model_validator
    def _says_one(self) -> None:
        if (self.match is None) == (self.file is None):
            msg = "a measure has one of match and file"
            raise ValueError(msg)


class Shared(Section):
    """A cost that several teams bear. The first that a charge fits splits it."""

    name: Text
    """how statements call it"""
    match: SharedMatch
    split: Split
    """proportional to the teams' own costs of the month, even, fixed (shares), by a measure, or none: it stays where it is"""
    among: Patterns = ("*",)
    """globs of the teams that bear it; those of even and proportional splits have costs of their own in the month"""
    shares: dict[Text, Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]] = field(default_factory=dict)
    """with split: fixed, percent by team; they come to 100"""
    measure: Measure | None = None
    """with split: measure"""

    @field_validator("name")
    @classmethod
    def _not_direct(cls, name: str) -> str:
        if name == DIRECT or name.startswith(ADJUSTMENT):
            what = "costs that nobody shares" if name == DIRECT else "what closed months have come to since"
            msg = f"{name!r} is what statements call {what}"
            raise ValueError(msg)
        return name

    @keys_validator
    def _fits_its_split(self, keys: Collection[str]) -> None:
        if not self.match.wanted() and not self.match.unallocated:
            msg = "match has to say which charges are shared"
        elif bool(self.shares) != (self.split is Split.FIXED):
            msg = "shares belong to split: fixed, and it needs them"
        elif (self.measure is not None) != (self.split is Split.MEASURE):
            msg = "measure belongs to split: measure, and it needs one"
        elif self.shares and sum(self.shares.values()) != WHOLE:
            msg = f"shares come to {sum(self.shares.values())}, and not to 100"
        elif "among" in keys and self.split in {Split.FIXED, Split.NONE}:
            msg = f"among means nothing to split: {self.split}"
        else:
            return
        raise ValueError(msg)


class Close(Section):
    """When months may be closed: `guardrail ledger close` keeps what fell on whom, and later changes are adjustments."""

    day: Annotated[int, Field(ge=1, le=28)]
    """day of the next month, in UTC, from which on a month may be closed"""


class Allocation(Section):
    """allocation.yaml: whose each charge is, and how what is shared is split."""

    version: Literal[1]
    rules: tuple[AllocationRule, ...] = ()
    """in order: the first that finds a team decides; what none does is nobody's"""
    shared: tuple[Shared, ...] = ()
    """in order: the first that a charge fits splits it"""
    close: Close | None = None
    """whether months are closed, and when"""

    @field_validator("shared")
    @classmethod
    def _names_differ(cls, shared: tuple[Shared, ...]) -> tuple[Shared, ...]:
        names = [one.name for one in shared]
        if twice := next((name for name in names if names.count(name) > 1), None):
            msg = f"the name {twice!r} is there twice"
            raise ValueError(msg)
        return shared

    def dimensions(self, *, allocated: bool) -> list[str]:
        """Return what the rules, and with `allocated` the splits, look at in a charge."""
        return list(dict.fromkeys(self._looked_at(allocated=allocated)))

    def _looked_at(self, *, allocated: bool) -> Iterator[str]:
        for rule in self.rules:
            yield from rule.match.wanted()
            if name := rule.looks_at():
                yield name
        for one in self.shared if allocated else ():
            yield from (name for name in one.match.wanted() if name != "team")
            if one.measure and one.measure.match:
                yield from (*one.measure.match.wanted(), "unit")


Measured = Mapping[tuple[str, str], Decimal]
"""Values by month and team."""


def by_tag(key: str) -> Allocation:
    """Return what holds without allocation.yaml: a tag says the team, on the bill or of the resource."""
    return Allocation(version=1, rules=(AllocationRule(tag=key), AllocationRule(tag_of_address=key)))


def read_allocation(path: Path) -> tuple[Allocation, Mapping[str, Measured]]:
    """Return what the file says, and the values of the files that it names. Raises ConfigError with file and line."""
    file = read_yaml(path, ConfigError)
    allocation = checked(Allocation, file, ConfigError)
    return allocation, read_measured(allocation, path.parent)


def read_measured(allocation: Allocation, folder: Path) -> Mapping[str, Measured]:
    """Return the values of the files that measures name. Raises ConfigError with file and line."""
    names = {one.measure.file for one in allocation.shared if one.measure and one.measure.file}
    return {name: _measured(folder / name) for name in sorted(names)}


def _measured(path: Path) -> Measured:
    found: dict[tuple[str, str], Decimal] = {}
    for where, row in rows_of(path, ("month", "team", "value")):
        key = row["month"], row["team"]
        if key in found:
            raise ConfigError(f"{' '.join(key)} is there twice", where=where)
        value = number_of(row["value"])
        if value is None or value < 0:
            raise ConfigError(f"{row['value']!r:.40} is no number from 0 on", where=where)
        found[key] = value
    return found
