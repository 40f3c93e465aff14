"""The JSON of `guardrail kpi`: guardrail.kpis/v1. Numbers are exact decimals as texts; null is what is not known."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from guardrail.files.document import Document
from guardrail.finops.kpis.kpi_file import Direction, Unit

FORMAT: Literal["guardrail.kpis/v1"] = "guardrail.kpis/v1"


class OpenDocument(Document):
    """A bill that may still change."""

    source: str
    month: str


class ValueDocument(Document):
    """A value of a KPI."""

    team: str | None = None
    """with --by team, the team that it is of; null: nobody's"""
    project: str | None = None
    """with --by project, the project that it is of; null: none"""
    of: str | None
    """which of several it is, a service for example; null: the only one"""
    value: str | None
    numerator: str | None
    """with denominator, what it was divided from; null: the KPI gives the value itself"""
    denominator: str | None
    previous: str | None
    """the value of the month before"""
    meets_target: bool | None
    """null: there is no target, or no value"""
    missing: str | None
    """why there is no value"""


class KpiDocument(Document):
    """A KPI with its values, one or more."""

    id: str
    title: str
    unit: Unit
    per: str | None
    """what a value of money is for one of"""
    direction: Direction
    target: str | None
    shipped: bool
    """false: it is of a file of one's own"""
    values: tuple[ValueDocument, ...]


class KpisDocument(Document):
    """What `guardrail kpi --format json` prints."""

    format: Literal["guardrail.kpis/v1"] = Field(default=FORMAT, alias="schema")
    month: str
    currency: str
    by: Literal["team", "project"] | None
    open: tuple[OpenDocument, ...]
    """bills of the month that may still change"""
    kpis: tuple[KpiDocument, ...]
    notes: tuple[str, ...]
