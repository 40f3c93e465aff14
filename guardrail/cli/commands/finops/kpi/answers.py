"""Puts a question for KPIs to a ledger: the views that they read, and their values of a month and of the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from guardrail.errors import ConfigError, InputError, did_you_mean

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.finops.allocation.file import Allocation, Measured
    from guardrail.finops.kpis.answer import KpiAnswer, Kpis, KpiValue
    from guardrail.finops.kpis.kpi_file import KpiFile
    from guardrail.ledger.kpis.running import Query
    from guardrail.ledger.kpis.statement import Statement
    from guardrail.ledger.storage.store import Store
    from guardrail.ledger.views import Ledger

_OF_BILL = {"charges", "matched", "allocated", "compared", "budgeted"}
_YEAR = 12  # months before that charges are there of, for trends


class Opened(Struct, frozen=True):
    """A ledger that is open, what its owner has configured, and the time that stands for now.

    recommendations  files of `guardrail recommend`, instead of the one that guardrail.yaml names
    """

    ledger: Ledger
    store: Store
    chosen: Settings
    allocation: Allocation
    measured: Mapping[str, Measured]
    now: datetime
    recommendations: tuple[Path, ...] = ()
    allocation_file: Path | None = None

    def options(self, **more: Any) -> dict[str, Any]:
        """Return the options of `spend`, with defaults for what is not said."""
        plain: dict[str, Any] = dict.fromkeys(
            ("by", "month", "first", "last", "team", "currency", "rates", "where", "config")
        )
        return {**plain, "cost": "effective", "allocated": False, "allocation_file": self.allocation_file, **more}


def opened(values: Mapping[str, Any], chosen: Settings) -> Opened:
    """Open the ledger that is meant. Raises ConfigError, InputError."""
    from guardrail.cli.commands.finops.spend import allocation_of
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    allocation_file: Path | None = values.get("allocation_file")
    allocation, measured = allocation_of({"allocation_file": allocation_file, "allocated": False}, chosen)
    store = open_store(values["where"] or chosen.ledger)
    ledger = open_ledger(store, TagKeys(chosen.address_tag, chosen.project_tag))
    now = values.get("now") or datetime.now(UTC)
    recommended = tuple(values.get("recommended", ()))
    return Opened(ledger, store, chosen, allocation, measured, now, recommended, allocation_file)


def kpi_files(chosen: Settings, names: Sequence[str] = ()) -> list[KpiFile]:
    """Return the KPIs that are asked for, else all: shipped ones, and one's own. Raises ConfigError with file and line."""
    from guardrail import data
    from guardrail.finops.kpis.kpi_file import read_kpis

    files = read_kpis(data.kpis_dir(), [chosen.base / name for name in chosen.kpis.paths])
    known = [one.kpi.id for one in files]
    for name in (*names, *chosen.kpis.targets):
        if name not in known:
            where = "" if name in names or chosen.file is None else chosen.file.where(("kpis", "targets", name))
            fix = did_you_mean(name, known) or "`guardrail kpi --list` has them"
            raise ConfigError(f"no KPI is called {name!r:.80}", where=where, fix=fix)
    return [one for one in files if not names or one.kpi.id in names]


def statements_of(files: Sequence[KpiFile]) -> list[Statement]:
    """Return what the SQL of KPIs reads. Raises ConfigError, with file and line, for SQL and for views that cannot be."""
    from guardrail.ledger.kpis.statement import inputs_of

    return [inputs_of(one.kpi.sql, one.kpi.needs, one.where, one.where_needed) for one in files]


def answered(opened: Opened, files: Sequence[KpiFile], month: str | None = None, by: str = "") -> Kpis:
    """Return the values of KPIs. Raises ConfigError, with file and line, for SQL that is wrong; InputError for an empty ledger.

    month  None for the newest that there is a bill or a run of
    by     team or project, "" for the whole
    """
    from guardrail.cli.commands.finops.kpi.views import COMPUTED
    from guardrail.finops.kpis.answer import Kpis
    from guardrail.finops.spend import open_of
    from guardrail.ledger.kpis.database import write

    month = month or _newest(opened)
    previous = months_before(month, 1)
    statements = statements_of(files)
    views = {view for each in statements for view in each.inputs} | {view for one in files for view in one.kpi.needs}
    currencies = _currencies(opened, previous, month)
    rows = {view: COMPUTED[view](opened, (previous, month), currencies) for view in sorted(views & COMPUTED.keys())}
    within = months_before(month, _YEAR), month
    database = write(opened.ledger, views, within, _teams(opened, *within), rows)
    told_by = by, _groups(opened, by, month)
    answers = _answers(
        opened, list(zip(files, statements, strict=True)), (previous, month), currencies, told_by, database
    )
    return Kpis(
        month,
        currencies[0] if len(currencies) == 1 else opened.chosen.currency,
        by,
        tuple(answers),
        tuple(one for one in open_of(_charges(opened, (), month, month))),
    )


def months_before(month: str, number: int) -> str:
    """Return the month so many months before another."""
    year, of = map(int, month.split("-"))
    count = year * 12 + of - 1 - number
    return f"{count // 12:04}-{count % 12 + 1:02}"


def _newest(opened: Opened) -> str:
    """Return the newest month that there is a bill of, or without one a run."""
    from guardrail.ledger.queries.spending import bill_months

    months = [one.month for one in bill_months(opened.ledger)]
    if not months:
        months = [
            str(month) for (month,) in opened.ledger.rows("""select distinct strftime("at", '%Y-%m') from runs""")
        ]
    if not months:
        fix = "`guardrail ledger import` adds a bill, `guardrail ledger add` a result"
        raise InputError("this ledger has neither a bill nor a run", where=opened.store.where, fix=fix)
    return max(months)


def _currencies(opened: Opened, first: str, last: str) -> list[str]:
    query = "select distinct billing_currency from charges where month between ? and ? order by all"
    return [str(currency) for (currency,) in opened.ledger.rows(query, [first, last])]


def _charges(opened: Opened, dimensions: Sequence[str], first: str, last: str) -> list[Any]:
    from guardrail.cli.commands.finops.spend import charges_of
    from guardrail.ledger.queries.spending import spent

    return charges_of(spent(opened.ledger, dimensions, "effective", first, last))


def _teams(opened: Opened, first: str, last: str) -> list[tuple[Mapping[str, str | None], str | None]]:
    """Return whose charges are, by all that allocation looks at in them."""
    from guardrail.finops.allocation.sharing import Teams

    dimensions = opened.allocation.dimensions(allocated=False)
    teams = Teams(opened.allocation)
    found = {tuple(one.of.values()): one.of for one in _charges(opened, dimensions, first, last)}
    return [(of, teams.of(of)) for of in found.values()]


def _groups(opened: Opened, by: str, month: str) -> list[str | None]:
    """Return the teams or projects that the month's charges are of, nobody last."""
    if not by:
        return []
    if by == "team":
        found = {team for _, team in _teams(opened, month, month)}
    else:
        found = {one.of["project"] for one in _charges(opened, ("project",), month, month)}
    return sorted(found, key=lambda name: (name is None, name or ""))


def _answers(
    opened: Opened,
    kpis: Sequence[tuple[KpiFile, Statement]],
    months: tuple[str, str],
    currencies: Sequence[str],
    told_by: tuple[str, Sequence[str | None]],
    database: Path,
) -> list[KpiAnswer]:
    """Return the values of each KPI; months are the one before and the one that is asked for."""
    from guardrail.finops.kpis.answer import KpiAnswer, KpiValue, absent, values_of, with_previous
    from guardrail.ledger.kpis.running import run

    queries: list[Query] = []
    places: list[tuple[int, str, str | None]] = []
    refused: dict[int, str] = {}
    for number, (file, looked_at) in enumerate(kpis):
        refused[number] = _refused(file, looked_at, currencies, told_by[0])
        if refused[number]:
            continue
        # What no month is asked of is as it is now, and has no month before.
        for month in months if "month" in looked_at.parameters else months[1:]:
            for group in told_by[1] if told_by[0] else [None]:
                queries.append(_query(opened, file, month, currencies, (told_by[0], group)))
                places.append((number, month, group))
    values: dict[tuple[int, str], list[KpiValue]] = {}
    for (number, month, group), query, found in zip(places, queries, run(queries, database), strict=True):
        if found.fault:
            raise found.fault
        told = (
            [KpiValue(missing=absent(found.lacking, month))] if found.lacking else values_of(found.rows, query.where(1))
        )
        values.setdefault((number, month), []).extend(replace(one, group=group) for one in told)
    previous, month = months
    return [
        KpiAnswer(
            file.kpi,
            (KpiValue(missing=refused[number]),)
            if refused[number]
            else tuple(with_previous(values[number, month], values.get((number, previous), []))),
            opened.chosen.kpis.targets.get(file.kpi.id, file.kpi.target),
            file.is_shipped,
            not refused[number],
        )
        for number, (file, _) in enumerate(kpis)
    ]


def _query(opened: Opened, file: KpiFile, month: str, currencies: Sequence[str], only: tuple[str, str | None]) -> Query:
    from guardrail.ledger.kpis.running import Query

    values = {
        "month": month,
        "previous": months_before(month, 1),
        "currency": currencies[0] if currencies else opened.chosen.currency,
        "team_tag": opened.chosen.team_tag,
    }
    return Query(file.kpi.sql, month, values, file.kpi.needs, file.where, only if only[0] else None)


def _refused(file: KpiFile, looked_at: Statement, currencies: Sequence[str], by: str) -> str:
    """Return why a KPI has no value whatever its SQL says, "" where it may have one."""
    from guardrail.ledger.kpis.inputs import INPUTS

    told = file.kpi.by
    if by and told is not None and by not in told:
        return f"not told by {by}"
    if by and told is None and (lacking := [view for view in sorted(looked_at.inputs) if by not in INPUTS[view]]):
        return f"not told by {by}: the view {lacking[0]} has no {by}"
    if len(currencies) > 1 and looked_at.inputs & _OF_BILL:
        return f"the bills are in {' and '.join(currencies)}, which are not summed"
    return ""
