"""What the lines of a bill take for granted, stated on them."""

from __future__ import annotations

from msgspec.structs import replace

from guardrail.cel import EvaluationError, Path, Scope
from guardrail.costs.bill import NOT_SHOWN, Working
from guardrail.costs.billing import assuming
from guardrail.costs.binding import BoundTariff
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.tariff import Charge, Part, Tariff
from guardrail.model.cost import UNPRICED_LINES, Line, LineStatus
from guardrail.model.unknown import Unknown


def with_what_is_assumed_away(tariff: Tariff, bound: BoundTariff, found: tuple[Working, ...]) -> tuple[Working, ...]:
    """Say on the first line what leaves others out only because it is assumed: gp3 with the IOPS that it includes, say."""
    if not bound.assumed:
        return found
    conditions = [charge.when for charge in tariff.charges] + [part.when for part in tariff.parts]
    alone = [one for one in conditions if one and not any(path[0] == "each" for path in one.reads)]
    away = [one for one in alone if _is_left_out(one, bound)]
    texts = {bound.assumed[path]: None for condition in away for path in bound.assumed_in(condition.reads)}
    texts = {text: None for text in texts if not any(text in working.line.note for working in found)}
    first = next((one for one in found if one.line.status in {LineStatus.PRICED, LineStatus.ASSUMED}), None)
    if first is None or not texts:
        return found
    telling = replace(first, line=assuming(first.line, "; ".join(texts)))
    return tuple(telling if one is first else one for one in found)


def _is_left_out(condition: Field, bound: BoundTariff) -> bool:
    """Say whether a condition fails, and only by what is assumed. One without a value has a line that says so."""
    try:
        return condition.value(bound.scope) is False and bound.decided(condition)
    except EvaluationError:
        return False


def assumption(field: Field, scope: Scope) -> str:
    """Return what is taken for granted; "" where nothing is, or where what decides is not known and says so itself."""
    value = field.value(scope)
    return "" if value is None or isinstance(value, Unknown) else str(value)


def annotated(line: Line, tariff: Tariff, charge: Charge, bound: BoundTariff) -> Line:
    """State what was assumed, and leave out a reason that would tell what is sensitive."""
    if bound.secret and line.status in UNPRICED_LINES:
        return replace(line, note=NOT_SHOWN)
    line = assuming(line, assumption(charge.assumed, bound.visible)) if charge.assumed.source else line
    return assuming(line, stated(bound, *([charge] if charge.region else [charge, tariff.region])))


def stated(bound: BoundTariff, *reading: Charge | Part | Field) -> str:
    """Return what is assumed of all that is read; "" where nothing is."""
    if not bound.assumed:  # what a charge reads takes longer to tell
        return ""
    reads = frozenset[Path]().union(*(one.reads for one in reading))
    return "; ".join(bound.assumed[path] for path in bound.assumed_in(reads))
