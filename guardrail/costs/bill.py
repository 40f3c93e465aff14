"""The lines of one side of a resource, and how each came about."""

from __future__ import annotations

from dataclasses import dataclass

from guardrail.catalog import Answer, Selector
from guardrail.cel import EvaluationError, Scope
from guardrail.costs.billing import OWN_DEFINITION, cost_of
from guardrail.costs.binding import BoundTariff
from guardrail.costs.definitions.tariff import Charge, Tariff
from guardrail.model.cost import Cost, Line, LineStatus
from guardrail.model.reason import Reason

NOT_SHOWN = "the reason is not shown, as the price depends on sensitive values"


@dataclass(frozen=True, slots=True)
class Working:
    """How a line came about, for `guardrail explain`."""

    line: Line
    tariff: Tariff
    scope: Scope
    charge: Charge | None = None
    selector: Selector | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of one side of a resource.

    free         why it costs nothing; "" where it costs something, or where nothing says what it costs
    not_covered  what to say where there are neither lines nor a reason to be free
    remedy       what to do then; "" for a definition of one's own
    """

    workings: tuple[Working, ...] = ()
    free: str = ""
    not_covered: str = ""
    remedy: str = ""

    @property
    def cost(self) -> Cost:
        """What the lines come to."""
        lines = tuple(working.line for working in self.workings)
        return cost_of(lines, free=self.free, not_covered=self.not_covered, remedy=self.remedy)


def failed(name: str, error: EvaluationError, tariff: Tariff, bound: BoundTariff) -> Working:
    """A value that a definition is not made for is a gap in one bill, not the end of the run."""
    note = NOT_SHOWN if bound.secret else f"the definition does not cover this: {error}"
    line = Line(name, "", LineStatus.NO_PRICE, note=note, reason=Reason.NOT_COVERED, remedy=OWN_DEFINITION)
    return Working(line, tariff, bound.scope)
