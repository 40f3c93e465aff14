"""The lines of one side of a resource, and how each came about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from guardrail.catalog import Answer, Selector
from guardrail.cel import EvaluationError, Scope
from guardrail.cel.failures import NO_ELEMENT, no_key
from guardrail.costs.billing import NEGATIVE, OWN_DEFINITION, cost_of
from guardrail.costs.binding import BoundTariff
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.tariff import Charge, Tariff
from guardrail.errors import did_you_mean
from guardrail.model.cost import Cost, Line, LineStatus
from guardrail.model.reason import Reason

NOT_SHOWN = "the reason is not shown, as the price depends on sensitive values"


class Working(Struct, frozen=True):
    """How a line came about, for `guardrail explain`."""

    line: Line
    tariff: Tariff
    scope: Scope
    charge: Charge | None = None
    selector: Selector | None = None
    answer: Answer | None = None


class Bill(Struct, frozen=True):
    """The lines of one side of a resource.

    free         why it costs nothing; "" where it costs something, or where nothing says what it costs
    not_covered  what to say where there are neither lines nor a reason to be free
    remedy       what to do then; "" for a definition of one's own
    given        the cost by given usage alone, where a profile assumes some
    """

    workings: tuple[Working, ...] = ()
    free: str = ""
    not_covered: str = ""
    remedy: str = ""
    given: Cost | None = None

    @property
    def cost(self) -> Cost:
        """What the lines come to."""
        lines = tuple(working.line for working in self.workings)
        cost = cost_of(lines, free=self.free, not_covered=self.not_covered, remedy=self.remedy)
        # What stands on an assumption is not known: it stays as complete as it is by given usage.
        return replace(cost, given=self.given, status=self.given.status) if self.given else cost


def failed(name: str, error: EvaluationError, tariff: Tariff, bound: BoundTariff) -> Working:
    """A value that a definition is not made for is a gap in one bill, not the end of the run."""
    note, remedy = NOT_SHOWN, OWN_DEFINITION
    if not bound.secret:
        wrong = _wrong_value(str(error), tariff, bound)
        attribute, what = wrong or ("", f"the definition does not cover this: {error}")
        note = what
        remedy = f"correct {attribute}; if the value is right, {OWN_DEFINITION}" if wrong else OWN_DEFINITION
    line = Line(name, "", LineStatus.NO_PRICE, note=note, reason=Reason.NOT_COVERED, remedy=remedy)
    return Working(line, tariff, bound.scope)


def _wrong_value(fault: str, tariff: Tariff, bound: BoundTariff) -> tuple[str, str] | None:
    """Return the attribute whose value no price can be for, and what to say of it; None where it is not plain which one.

    Letter case counts, as it does to the providers: what differs in nothing else is the nearest value.
    """
    given = {name: value for name, value in bound.values["attr"].items() if isinstance(value, str | int | float)}
    numbers = {name: value for name, value in given.items() if not isinstance(value, bool | str)}
    if NEGATIVE in fault:
        faults = {name: "is negative" for name, value in numbers.items() if value < 0}
    elif fault == NO_ELEMENT:
        faults = dict.fromkeys((name for name, value in numbers.items() if value), "is more than the price list has")
    else:
        missing = {name: value for name, value in given.items() if fault == no_key(str(value))}
        known = _keys(tariff.tables)
        hints = {name: did_you_mean(str(value), known) for name, value in missing.items()}
        faults = {name: "is not in the price list" + (hint and f": {hint}") for name, hint in hints.items()}
    if len(faults) != 1:
        return None
    ((name, what),) = faults.items()
    return name, f"{name} = {json.dumps(given[name])} {what}"


def _keys(table: Any) -> set[str]:
    """Return the keys of a definition's tables, at any depth."""
    parts = table.items() if isinstance(table, Mapping) else ()
    return {name for key, part in parts for name in (str(key), *_keys(part))}


def label(field: Field, bound: BoundTariff) -> str:
    """Return a text to show; an ellipsis stands for what it has no words for (a new volume type, something secret)."""
    try:
        return field.text(bound.visible)
    except EvaluationError:
        return unfilled(str(field.source))


def unfilled(pattern: str) -> str:
    """Return a text with an ellipsis for each expression in it."""
    return re.sub(r"\$\{[^}]*\}", "\N{HORIZONTAL ELLIPSIS}", pattern)
