"""The working of one resource's bill: every expression with its value, and the price rows that were chosen."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.catalog import Ambiguous, Answer, Ladder, NoPrice
from guardrail.cel import EvaluationError, Scope, shown
from guardrail.costs.bill import Bill, Working
from guardrail.costs.billing import is_usage
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.library import Library
from guardrail.costs.engine import Engine
from guardrail.costs.inventory import Inventory
from guardrail.model.cost import Cost, Line, ResourceStatus
from guardrail.model.money import money, plain, unit_price
from guardrail.model.resource import Change
from guardrail.model.unknown import Unknown

_INDENT = "    "


def explained(
    change: Change,
    inventory: Inventory,
    library: Library,
    engine: Engine,
    currency: str,
) -> str:
    """Return the working as text, as the engine prices it: the side before the change where there is one, then the side after."""
    lines = [f"{change.address}: {change.action}" + (f" in {change.region}" if isinstance(change.region, str) else "")]
    tariff = library.find(change.type)
    if tariff is None:
        free = library.is_free(change.type)
        return "\n".join(
            [
                *lines,
                f"{change.type} has no cost of its own"
                if free
                else f"{change.type} is not supported: no definition prices it",
            ]
        )
    about = [tariff.where, tariff.definition.docs, tariff.definition.note]
    lines += [text for text in about if text]
    for side, before in ((change.before, True), (change.billed_after, False)):
        if side is not None:
            read = side.names() if tariff.attributes is None else tariff.attributes
            secrets = any(map(side.has_secrets, read))
            bill = engine.bill(change, inventory, before=before)
            lines += ["", "before:" if before else "after:", *_side(bill, currency, secrets=secrets)]
    return "\n".join(lines)


def _side(bill: Bill, currency: str, *, secrets: bool) -> list[str]:
    """Return lines of text. With `secrets`, values of expressions are left out, as some of them are sensitive."""
    text = [f"  {_amount(bill.cost, currency)}"]
    previous: Scope | None = None
    charge: object = None
    for working in bill.workings:
        line = working.line
        text += ["", f"  {line.group} > {line.name}" if line.group else f"  {line.name}"]
        if working.charge is not charge or working.scope is not previous:  # else a further tier of the same charge
            text += [f"{_INDENT}{part}" for part in _inputs(working, currency, secrets=secrets)]
        text += [f"{_INDENT}{part}" for part in _outcome(line, currency)]
        charge, previous = working.charge, working.scope
    return text


def _amount(cost: Cost, currency: str) -> str:
    """Return what a side costs, and what of it is missing: "at least $18.40 a month (depends on usage that is not given)"."""
    told = {
        "only partly priced" if cost.total else "not priced": cost.unpriced,
        "depends on usage that is not given": cost.usage_based,
        "free": cost.status is ResourceStatus.FREE,
    }
    why = ", ".join(text for text, is_so in told.items() if is_so) or "priced"
    amount = f"{money(cost.total, currency)} a month"
    if cost.is_lower_bound:
        amount = f"at least {amount}" if cost.total or cost.at_least else "not known"
    return f"{amount} ({why})" + (f": {cost.note}" if cost.note else "")


def _inputs(working: Working, currency: str, *, secrets: bool) -> Iterator[str]:
    charge = working.charge
    if charge is None:
        return
    fields = [
        ("when", charge.when),
        ("quantity", charge.quantity),
        ("times", charge.times),
        ("floor", charge.floor),
        ("tier from", charge.tier_from),
    ]
    for label, field in fields:
        if field is not None and field.reads:
            value = "(not shown)" if secrets else _value(field, working)
            yield f"{label:<10}{field.source}  ->  {value}"
    for name in sorted({path[1] for path in charge.reads if path[0] == "usage" and len(path) > 1}):
        yield f"{'usage':<10}{name}: {_declared(working, name)}"
    if working.selector is not None and not secrets:
        yield f"{'price':<10}{working.selector}"
        yield from (f"{'':<10}{line}" for line in _rows(working.answer, currency))


def _rows(answer: Answer | None, currency: str) -> Iterator[str]:
    if isinstance(answer, Ladder):
        for tier in answer.tiers:
            bounds = f" from {plain(tier.start)}" if len(answer.tiers) > 1 else ""
            source = tier.source
            sku = f"sku {source.sku}, " if source.sku else ""
            listed = (
                f"your price; list price {unit_price(source.list_price, currency)}, "
                if source.list_price is not None
                else ""
            )
            yield f"{unit_price(tier.price, currency)} per {answer.product.unit}{bounds} ({listed}{sku}{source.source}, {source.as_of})"
    elif isinstance(answer, NoPrice):
        yield f"the catalog has no such price: {answer.nearest}"
    elif isinstance(answer, Ambiguous):
        for product in answer.products[:5]:
            yield f"fits: {product.family}, {', '.join(f'{k} = {v}' for k, v in sorted(product.attributes.items()))}"


def _value(field: Field, working: Working) -> str:
    try:
        value = field.value(working.scope)
    except EvaluationError as error:
        return f"({error})"
    if is_usage(value):
        return "not given in a usage file"
    return f"unknown: {value.text}" if isinstance(value, Unknown) else shown(value)


def _declared(working: Working, name: str) -> str:
    declared = {key: usage for key, usage in working.tariff.definition.usage.items() if key.split(".")[0] == name}
    return "; ".join(f"{usage.help} ({usage.unit})" for usage in declared.values()) or "not declared"


def _outcome(line: Line, currency: str) -> Iterator[str]:
    if line.monthly_cost is not None:
        price = unit_price(line.unit_price, currency) if line.unit_price is not None else "?"
        quantity = f"{plain(line.monthly_quantity)} {'x ' if line.unit[:1].isdigit() else ''}{line.unit}"
        yield f"{'cost':<10}{quantity} x {price} = {unit_price(line.monthly_cost, currency)}"
    if line.note:
        yield f"{line.status:<10}{line.note}"
