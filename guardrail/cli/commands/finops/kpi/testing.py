"""Runs the tests in the files of KPIs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guardrail.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from guardrail.finops.kpis.kpi_file import KpiFile
    from guardrail.finops.kpis.testing import Tested
    from guardrail.ledger.kpis.running import Query


def tested(files: Sequence[KpiFile]) -> list[Tested]:
    """Run the tests of KPIs. Raises ConfigError, with file and line, for SQL and for rows that are wrong."""
    from guardrail.cli.commands.finops.kpi.answers import statements_of
    from guardrail.finops.kpis.answer import KpiValue, absent, values_of
    from guardrail.finops.kpis.testing import Tested, mismatch
    from guardrail.ledger.kpis.running import run

    statements_of(files)
    asked = [(file, number) for file in files for number in range(len(file.kpi.tests))]
    queries = [_query(file, number) for file, number in asked]
    found: list[Tested] = []
    for (file, number), query, answer in zip(asked, queries, run(queries, None), strict=True):
        if answer.fault:
            raise answer.fault
        test = file.kpi.tests[number]
        lacking = [KpiValue(missing=absent(answer.lacking, test.month))] if answer.lacking else []
        values = lacking or values_of(answer.rows, query.where(1))
        found.append(Tested(file.kpi.id, test.name, file.file.where(("tests", number)), mismatch(test, values)))
    return found


def _query(file: KpiFile, number: int) -> Query:
    from guardrail.cli.commands.finops.kpi.answers import months_before
    from guardrail.finops.kpis.testing import rows_with_month
    from guardrail.ledger.kpis.inputs import INPUTS
    from guardrail.ledger.kpis.running import Query

    test = file.kpi.tests[number]
    for view, rows in test.views.items():
        place = ("tests", number, "views", view)
        if view not in INPUTS:
            fix = did_you_mean(view, INPUTS) or f"there are {', '.join(INPUTS)}"
            raise ConfigError(f"no view is called {view!r:.80}", where=file.file.where(place), fix=fix)
        for at, row in enumerate(rows):
            if unknown := [name for name in row if name not in INPUTS[view]]:
                fix = did_you_mean(unknown[0], INPUTS[view])
                raise ConfigError(
                    f"{view} has no column {unknown[0]!r:.80}", where=file.file.where((*place, at)), fix=fix
                )
    values = {
        "month": test.month,
        "previous": months_before(test.month, 1),
        "currency": test.currency,
        "team_tag": "team",
    }
    return Query(file.kpi.sql, test.month, values, file.kpi.needs, file.where, rows=rows_with_month(test, INPUTS))
