"""What the page for executives is made of, beside what all pages show."""

from __future__ import annotations

from msgspec import Struct

from guardrail.finops.kpis.answer import Kpis
from guardrail.finops.month_change import MonthChange
from guardrail.finops.savings.answer import Savings


class Executive(Struct, frozen=True):
    """Answers for one page.

    kpis     as `guardrail kpi` tells them, of the newest month
    changes  why that month costs another sum than the one before, by currency; empty without a bill of the month before
    savings  as `guardrail savings` tells them, of twelve months; None where no bill tells single days
    """

    kpis: Kpis
    changes: tuple[MonthChange, ...] = ()
    savings: Savings | None = None
