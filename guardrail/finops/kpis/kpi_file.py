"""The file of a KPI: what it counts and why, its SQL, its target and its tests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct, field

from guardrail.errors import ConfigError
from guardrail.files import YamlFile, checked, read_yaml
from guardrail.files.section import Field, Section, field_validator, model_validator
from guardrail.terraform.configuration.code.files import shown

_KEBAB_CASE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
Text = Annotated[str, Field(min_length=1, max_length=500)]


class Unit(StrEnum):
    """What a value counts."""

    SHARE = "share"  # a part of a whole: 0.25 is shown as 25.0%
    MONEY = "money"  # in the currency of the bill, for each `per` where the file says one
    COUNT = "count"
    MINUTES = "minutes"
    DAYS = "days"


class Direction(StrEnum):
    """What is better."""

    UP = "up"
    DOWN = "down"
    NONE = "none"  # neither: it tells how things are


class KpiTest(Section):
    """Rows of views, and what comes of them."""

    name: Text
    month: Annotated[str, Field(pattern=_MONTH)] = "2026-10"
    """the month that is asked for"""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    views: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    """rows by view; a row of a view with months that says none is of the month that is asked for"""
    value: Decimal | None = None
    """what the value is, to as many decimals as are written here"""
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    missing: str | None = None
    """there is no value, and the reason has this text in it"""
    values: dict[str, Decimal | None] | None = None
    """by what the column `of` says, where it gives several rows; null for none"""

    @model_validator
    def _expects(self) -> None:
        if sum(one is not None for one in (self.value, self.missing, self.values)) != 1:
            msg = "a test expects a `value`, `values`, or what is `missing`"
            raise ValueError(msg)


class Kpi(Section, kw_only=True):
    """A KPI as its file states it."""

    id: str
    """kebab-case"""
    title: Text
    why: Text
    """what is decided with it"""
    unit: Unit
    per: Annotated[str, Field(max_length=40)] = ""
    """of money: for each of what, "order" for example"""
    direction: Direction
    """what is better: up, down, or none"""
    target: Decimal | None = None
    """what is to be reached; of a share, 0.8 is 80%"""
    needs: Annotated[tuple[str, ...], Field(min_length=1)]
    """views that must have rows, of the month where they have months: without them there is no value"""
    by: tuple[str, ...] | None = None
    """what it can be told by: views that have such a column are narrowed, the others are not. Default: what all its views have"""
    sql: Annotated[str, Field(min_length=1)]
    """one SELECT over the views. It gives `numerator` and `denominator`, or `value`, and may give `missing` and `of`"""
    source: Text | None = None
    """where its definition comes from"""
    tests: tuple[KpiTest, ...]

    @field_validator("id")
    @classmethod
    def _is_kebab_case(cls, value: str) -> str:
        if not _KEBAB_CASE.fullmatch(value):
            msg = "an id is in kebab-case: tag-coverage"
            raise ValueError(msg)
        return value

    @field_validator("target")
    @classmethod
    def _is_finite(cls, value: Decimal | None) -> Decimal | None:
        if value is not None and not value.is_finite():
            msg = "a target is a finite number"
            raise ValueError(msg)
        return value

    @field_validator("by")
    @classmethod
    def _is_known(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if unknown := sorted({*(value or ())} - {"team", "project"}):
            msg = f"{unknown[0]!r} is nothing that a KPI is told by; there are team and project"
            raise ValueError(msg)
        return value


class KpiFile(Struct, frozen=True):
    """A KPI and its file."""

    kpi: Kpi
    file: YamlFile
    is_shipped: bool = False

    def where(self, line: int) -> str:
        """Return "file:line" of a line of the SQL, counted from 1."""
        node = self.file.nodes.get(("sql",))
        first = self.file.line(("sql",))
        if node is not None and getattr(node, "style", None) == "|":
            return f"{self.file.name}:{first + line}"
        return f"{self.file.name}:{first}"

    def where_needed(self, number: int) -> str:
        """Return "file:line" of a view that is needed, by its place in `needs`."""
        return self.file.where(("needs", number))


def read_kpi(path: Path, *, is_shipped: bool = False) -> KpiFile:
    """Return a KPI. Raises ConfigError with file and line."""
    file = read_yaml(path, ConfigError)
    kpi = checked(Kpi, file, ConfigError)
    if kpi.id != path.stem:
        raise ConfigError(f"the id is {kpi.id}, the file {path.name}", where=file.where(("id",)), fix="call both alike")
    if not kpi.tests:
        raise ConfigError(
            "has no test", where=file.where(("tests",)), fix="a KPI has a test: rows of views, and what comes of them"
        )
    return KpiFile(kpi, file, is_shipped)


def read_kpis(shipped: Path | None, own: Iterable[Path]) -> list[KpiFile]:
    """Return shipped KPIs and those of one's own, by id; one's own takes the place of a shipped one of the same id.

    own  folders, or files
    Raises ConfigError with file and line.
    """
    found = {
        one.kpi.id: one for path in (files_of(shipped) if shipped else ()) for one in [read_kpi(path, is_shipped=True)]
    }
    mine: dict[str, KpiFile] = {}
    for place in map(_as_written, own):
        if not place.exists():
            raise ConfigError("no such file, or folder of KPIs", where=str(place))
        for path in files_of(place):
            one = read_kpi(path)
            if one.kpi.id in mine:
                raise ConfigError(
                    f"the KPI {one.kpi.id} is there twice",
                    where=str(path),
                    fix=f"the other one is {mine[one.kpi.id].file.name}",
                )
            mine[one.kpi.id] = one
    return [one for _, one in sorted({**found, **mine}.items())]


def _as_written(path: Path) -> Path:
    """Return a path as people write it: from where they are, where that is above it."""
    return Path(shown(path)) if path.exists() else path


def files_of(place: Path) -> list[Path]:
    """Return the files of KPIs in a folder, or the one file that is named."""
    return [place] if place.is_file() else sorted([*place.glob("*.yaml"), *place.glob("*.yml")])
