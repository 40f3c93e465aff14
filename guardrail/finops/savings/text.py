"""Realised savings for a terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

from guardrail.finops.savings.answer import Saving, Savings, Status
from guardrail.finops.savings.shape import FORMAT
from guardrail.model.money import money, plain
from guardrail.report.columns import wrapped
from guardrail.report.markdown.text import prose
from guardrail.report.text import safe

_NOBODY = "(nobody)"
_NAME = 60  # characters of a name


def as_json(found: Savings) -> str:
    """Return all of it: amounts of a month as decimal strings, null where they are not known."""
    document = {
        "schema": FORMAT,
        "from": found.first,
        "to": found.last,
        "cost": found.cost,
        "by": found.by,
        "credits": [
            {found.by: one.name, "currency": one.currency, "credit": plain(one.amount)}
            | {"savings": one.savings, "waiting": one.waiting}
            for one in found.credits
        ],
        "savings": [_document(one, with_author=found.by == "author") for one in found.all],
    }
    return json.dumps(document, indent=2) + "\n"


def _document(one: Saving, *, with_author: bool) -> dict[str, object]:
    return {
        "fingerprint": one.fingerprint,
        "project": one.project,
        "address": one.address,
        "type": one.type,
        "team": one.team,
        "day": one.day.isoformat() if one.day else None,
        "pull_request": one.pull_request,
        **({"author": one.author} if with_author else {}),
        "status": one.status,
        "reason": one.reason or None,
        "until": one.until.isoformat() if one.until else None,
        "currency": one.currency,
        "estimated": {"low": plain(one.low), "high": plain(one.high)},
        "before": plain(one.before),
        "after": plain(one.after),
        "price": plain(one.price),
        "usage": plain(one.usage),
        "realised": plain(one.realised),
        "offset": plain(one.offset),
        "credit": plain(one.credit),
    }


def as_table(found: Savings, width: int) -> str:
    """Return lines of text for a terminal so wide."""
    when = f"in {found.first}" if found.first == found.last else f"from {found.first} to {found.last}"
    head = f"realised savings a month, of changes {when}, by the bill ({found.cost} cost)"
    lines = [*wrapped(head, width), ""]
    if not found.all:
        lines.append("no merged change was to save anything")
    names = [_name(one.name) for one in found.credits]
    room = max((len(name) for name in names), default=0)
    lines += [
        f"{name:<{room}}  {money(one.amount, one.currency):>12}  {_counted(one.savings, one.waiting)}".rstrip()
        for name, one in zip(names, found.credits, strict=True)
    ]
    for one in found.all:
        told = [f"{_credit(one)}  {safe(one.address, _NAME)} ({safe(one.project, _NAME)})", f"    {when_text(one)}"]
        told += wrapped(f"    {how_text(one)}", width)
        lines += ["", *told]
    return "".join(f"{line}\n" for line in lines)


def as_markdown(found: Savings) -> str:
    """Return the same as tables of Markdown."""
    lines = [f"## Realised savings a month, {found.first} to {found.last}", ""]
    if not found.all:
        return "\n".join([*lines, "No merged change was to save anything.", ""])
    lines += [f"| {found.by} | credit | |", "| --- | --: | --- |"]
    lines += [
        f"| {prose(_name(one.name))} | {prose(money(one.amount, one.currency))} | {_counted(one.savings, one.waiting)} |"
        for one in found.credits
    ]
    lines += ["", "| credit | resource | change | |", "| --: | --- | --- | --- |"]
    lines += [
        f"| {prose(_credit(one).strip())} | {prose(one.address)} ({prose(one.project)}) | {prose(when_text(one))} | {prose(how_text(one))} |"
        for one in found.all
    ]
    return "".join(f"{line}\n" for line in lines)


def _name(name: str | None) -> str:
    return _NOBODY if name is None else safe(name, _NAME)


def _counted(savings: int, waiting: int) -> str:
    """Return how many savings are known, and how many are not."""
    told = f"{savings} {'saving' if savings == 1 else 'savings'}"
    return f"{told}, {waiting} not known yet" if waiting else told


def _credit(one: Saving) -> str:
    if one.credit is not None:
        return f"{money(one.credit, one.currency):>10}"
    return f"{one.status.replace('_', ' '):>10}"


def when_text(one: Saving) -> str:
    """Return when it was changed, and by which pull request."""
    what = f"changed on {one.day}" if one.day else "changed"
    return what + (f" by #{one.pull_request}" if one.pull_request is not None else "")


def how_text(one: Saving) -> str:
    """Return what was estimated, what the bill says, and what was taken off."""
    return "; ".join(_parts(one))


def _parts(one: Saving) -> Iterator[str]:
    """Tell what was estimated, what the bill says, and what was taken off."""
    at_most = "" if one.low is not None else "at most "
    yield f"estimated {at_most}{money(one.high, one.currency)}"
    if one.before is not None and one.after is not None:
        yield f"the bill was {money(one.before, one.currency)}, and is {money(one.after, one.currency)}"
    for amount, what in ((one.price, "prices"), (one.usage, "usage")):
        if amount:
            yield f"{money(-amount, one.currency, signed=True)} comes from {what}"
    if one.status is Status.REALISED and one.realised is not None:
        yield f"the change saves {money(max(one.realised, Decimal(0)), one.currency)}"
    if one.offset:
        yield f"{money(-one.offset, one.currency)} for what rose within 60 days, or came in its place"
    if one.reason:
        yield one.reason
