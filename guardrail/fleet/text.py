"""A fleet for people: what a run came to, and the report of all parts as text, Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter

from guardrail.fleet.collect import Fleet, Row, RuleCount
from guardrail.fleet.compare import Comparison
from guardrail.fleet.outcome import NOT_EVALUATED
from guardrail.fleet.run import Run
from guardrail.model.finding import FindingStatus
from guardrail.model.money import brief, money, plain
from guardrail.model.totals import Bound, Totals
from guardrail.policy.spend import Spend
from guardrail.replay.outcome import Change, Kind, Standing
from guardrail.report.columns import wrapped
from guardrail.report.csv_rows import cell
from guardrail.report.format import count, with_bound
from guardrail.report.markdown.text import code, prose
from guardrail.report.text import safe

_WORDS = {"pass": "PASS", "warn": "WARN", "fail": "FAIL", NOT_EVALUATED: "NOT EVALUATED"}
_ROOM = 40  # characters that the last column has at least
_SHOWN = 20  # rows of a list; JSON and CSV have all
_LONGEST = 300

_OF_SEVERAL = {
    Standing.PASSES: "pass",
    Standing.WARNS: "warn",
    Standing.FAILS: "fail",
    Standing.ERROR: "errors",
}

Section = tuple[str, list[str], list[list[str]]]
"""A heading, the columns, and the rows; a section without columns is a list of lines."""

COLUMNS = (
    *("workspace", "place", "env", "verdict", "resources", "blocking", "monthly_before", "monthly_cost"),
    *("monthly_delta", "unpriced", "lower_bound", "currency", "shard", "why", "verdict_before", "newly_blocked"),
)


def run_lines(run: Run, where: str) -> Iterator[str]:
    """Give what a run says at its end: how many of what, what could not be evaluated, and what to do next."""
    part = f" of part {run.shard}" if run.shard.of > 1 else ""
    kept = f", {run.kept:,} of them before" if run.kept else ""
    yield f"{_WORDS[run.verdict]}  {count(run.done, 'workspace')}{part} judged{kept}: {verdicts_line(run.verdicts)}"
    for name, why in run.failures:
        yield f"  not evaluated: {safe(name)}: {safe(why, _LONGEST)}"
    if (more := run.verdicts[NOT_EVALUATED] - len(run.failures)) > 0:
        yield f"  and {more:,} more"
    yield f"the report: guardrail fleet collect {where}"


def verdicts_line(verdicts: Mapping[str, int]) -> str:
    """Return how many workspaces came to which verdict."""
    return ", ".join(f"{verdicts.get(key, 0):,} {word.lower()}" for key, word in _WORDS.items())


def as_text(found: Fleet, width: int = 100) -> str:
    """Return lines of text: the verdict and sums first, then what is missing, what newly blocks, rules, budgets and workspaces."""
    lines = [part for line in _head(found) for part in wrapped(line, width, "  ")]
    for heading, columns, rows in _sections(found):
        lines += ["", heading, *_aligned(columns, rows, width)]
    return "".join(f"{safe(line, 2_000)}\n" for line in lines)


def as_markdown(found: Fleet) -> str:
    """Return the same as Markdown."""
    lines = [*(f"{prose(line)}  " for line in _head(found))]
    for heading, columns, rows in _sections(found):
        lines += ["", f"**{prose(heading)}**", ""]
        if columns:
            lines += [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
            lines += [f"| {code(row[0])} | {' | '.join(prose(one, _LONGEST) for one in row[1:])} |" for row in rows]
        else:
            lines += [f"- {prose(row[0], _LONGEST)}" for row in rows]
    return "".join(f"{line}\n" for line in lines)


def as_csv(found: Fleet) -> str:
    """Return a row for each workspace, missing ones included; an amount that is not known is empty, never 0."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    changed = {one.name: one for one in found.comparison.workspaces} if found.comparison else {}
    for row in found.rows:
        told = {"workspace": cell(row.name), "place": cell(row.place), "env": cell(row.env), "verdict": row.verdict}
        told |= {"resources": str(row.resources), "blocking": str(row.blocking), "why": cell(row.why)}
        if row.totals:
            names = ("monthly_before", "monthly_cost", "monthly_delta")
            told |= {name: plain(getattr(row.totals, name)) or "" for name in names}
            told |= {"unpriced": str(row.totals.unpriced), "lower_bound": "yes" if row.totals.lower_bound else "no"}
            told |= {"currency": found.currency}
        if one := changed.get(row.name):
            told |= {"verdict_before": one.before, "newly_blocked": "yes" if one.is_newly_blocked else "no"}
        writer.writerow(told)
    for lost in found.missing:
        told = {"workspace": cell(lost.name), "verdict": "missing", "why": cell(lost.why)}
        writer.writerow({**told, "shard": str(lost.shard)})
    return out.getvalue()


def _head(found: Fleet) -> Iterator[str]:
    totals, missing = found.totals, f", {len(found.missing):,} missing" if found.missing else ""
    resources = sum(row.resources for row in found.rows)
    yield f"{_WORDS[found.verdict]}  {_answer(found)}"
    number = len(found.rows) + len(found.missing)
    yield f"{count(number, 'workspace')}, {count(resources, 'resource')}: {verdicts_line(found.verdicts)}{missing}"
    yield f"monthly cost after all changes: {_cost(totals, found.currency)} (these changes: {_delta(totals, found.currency)})"
    gaps = (
        (totals.unpriced, "without a price"),
        (totals.usage_based, "depending on usage that is not given"),
    )
    if told := [f"{number:,} {what}" for number, what in gaps if number]:
        yield f"resources not, or not all, in the sum: {', '.join(told)}"
    unread = sum(row.totals is None for row in found.rows) + len(found.missing)
    if unread:
        yield f"not in the sum at all: {count(unread, 'workspace')}"
    yield from found.notes


def _answer(found: Fleet) -> str:
    """Say in numbers what the verdict is for."""
    verdicts, every = found.verdicts, len(found.rows) + len(found.missing)
    errors = sum(one.status is FindingStatus.ERROR for one in found.findings)
    blocking = sum(one.blocking for one in found.findings) - errors
    compared = found.comparison
    counted = (
        (verdicts[NOT_EVALUATED], f"of {count(every, 'workspace')} not evaluated"),
        (found.unread, "of the records of parts not read"),
        (len(found.missing), f"of {count(every, 'workspace')} missing"),
        (errors, "of the budgets not judged"),
        (len(compared.perhaps_blocked) if compared else 0, "blocked now, and not known whether they were before"),
        (len(compared.newly_blocked) if compared else 0, f"of {compared.compared if compared else 0:,} newly blocked"),
        (0 if compared else verdicts["fail"], f"of {count(every, 'workspace')} blocked"),
        (0 if compared else blocking, "blocking of budgets or waivers"),
    )
    told = [f"{number:,} {what}" for number, what in counted if number]
    return ", ".join(told) or ("nothing is newly blocked" if compared else "nothing is blocked")


def _cost(totals: Totals, currency: str) -> str:
    return with_bound(totals.monthly_cost, totals.cost_bound, currency)


def _delta(totals: Totals, currency: str) -> str:
    """Return a change as what is known of it: where something may be missing on both sides, it is no bound of anything."""
    if totals.monthly_delta and totals.delta_bound is Bound.NOT_KNOWN:
        return f"{brief(totals.monthly_delta, currency, signed=True)} as far as known"
    return with_bound(totals.monthly_delta, totals.delta_bound, currency, signed=True)


def _sections(found: Fleet) -> Iterator[Section]:
    if found.missing_shards:
        yield "Parts without any result", [], _few([[one] for one in found.missing_shards])
    if found.missing:
        yield (
            "Missing workspaces",
            ["workspace", "part", "why"],
            _few([[one.name, str(one.shard), one.why] for one in found.missing]),
        )
    if found.comparison:
        yield from _compared(found.comparison)
    bad = [row for row in found.rows if row.verdict == NOT_EVALUATED]
    if bad:
        yield "Not evaluated", ["workspace", "why"], _few([[row.name, row.why] for row in bad])
    if found.findings:
        told = [[one.subject, "blocks" if one.blocking else one.status.value, one.message] for one in found.findings]
        yield "Budgets and waivers", ["about", "standing", "message"], _few(told)
    if found.budgets:
        yield (
            "What budgets' resources cost a month",
            ["budget", "cost", "limit", "not known"],
            [
                [
                    one.name,
                    with_bound(one.sums.known, _bound(one.sums), found.currency),
                    "" if one.monthly is None else money(one.monthly, found.currency),
                    count(gaps, "resource or workspace", "resources or workspaces")
                    if (gaps := one.sums.unpriced)
                    else "",
                ]
                for one in found.budgets
            ],
        )
    if found.rules:
        yield (
            "Findings by rule",
            ["rule", "workspaces", "findings", "for example"],
            _few([_rule(one) for one in found.rules]),
        )
    blocked = sorted((row for row in found.rows if row.blocking), key=lambda row: -row.blocking)
    if blocked:
        yield "Blocked", ["workspace", "findings"], _few([[row.name, f"{row.blocking:,}"] for row in blocked])
    deltas = [(abs(row.totals.monthly_delta), row) for row in found.rows if row.totals and row.totals.monthly_delta]
    if deltas:
        largest = [row for _, row in sorted(deltas, key=itemgetter(0), reverse=True)]
        yield "Largest changes", ["workspace", "delta", "monthly"], _few([_amounts(row, found) for row in largest])


def _bound(sums: Spend) -> Bound:
    return Bound.AT_LEAST if sums.unpriced or sums.usage_open else Bound.EXACT


def _amounts(row: Row, found: Fleet) -> list[str]:
    if row.totals is None:
        return [row.name, "", ""]
    return [row.name, _delta(row.totals, found.currency), _cost(row.totals, found.currency)]


def _rule(one: RuleCount) -> list[str]:
    told = ", ".join(
        count(number, standing.value, _OF_SEVERAL.get(standing, standing.value))
        for standing in Standing
        if (number := one.standings[standing])
    )
    workspace, subject, message = one.example
    return [one.rule, f"{one.workspaces:,}", told, f"{workspace}: {subject}: {safe(message, 120)}"]


def _compared(found: Comparison) -> Iterator[Section]:
    blocked, freed = found.newly_blocked, found.freed
    heading = f"Newly blocked: {len(blocked):,} of {found.compared:,} workspaces"
    told = [[one.name, one.before, _because(one.changes)] for one in blocked]
    yield heading, ["workspace", "before", "because of"] if told else [], _few(told)
    if found.perhaps_blocked:
        yield "Blocked now, and not evaluated before", [], _few([[one] for one in found.perhaps_blocked])
    if freed:
        yield "No longer blocked", ["workspace", "now"], _few([[one.name, one.after] for one in freed])
    rules = [(kind, *row) for kind in Kind for row in found.by_rule(kind)]
    if rules:
        yield (
            "Changed findings by rule",
            ["rule", "change", "findings", "workspaces"],
            _few([[rule, kind.value, f"{findings:,}", f"{places:,}"] for kind, rule, findings, places in rules]),
        )
    notes = (
        [f"{count(found.edited, 'workspace has', 'workspaces have')} other contents than in the former run"]
        if found.edited
        else []
    )
    notes += ["prices are not those of the former run"] if found.prices_differ else []
    notes += (
        [f"not compared, as one run has not evaluated them: {len(found.not_compared):,}"] if found.not_compared else []
    )
    if notes:
        yield "Not the rules alone", [], [[one] for one in notes]


def _because(changes: Sequence[Change]) -> str:
    rules = dict.fromkeys(one.rule for one in changes if one.kind is Kind.NEWLY_FAILS)
    first = next((one for one in changes if one.kind is Kind.NEWLY_FAILS), None)
    told = f": {first.subject}: {safe(first.message, 120)}" if first else ""
    return f"{', '.join(rules)}{told}"


def _few(rows: list[list[str]]) -> list[list[str]]:
    """Return the first rows, and how many more there are."""
    more = len(rows) - _SHOWN
    if more <= 0:
        return rows
    return [*rows[:_SHOWN], [f"and {more:,} more", *[""] * (len(rows[0]) - 1)]]


def _aligned(columns: list[str], rows: list[list[str]], width: int) -> Iterator[str]:
    """Give rows with their columns below each other.

    The last one is wrapped, below the others where they leave it no room. Where the others are wider than a line, the first,
    a name, stands above the rest.
    """
    table = [[safe(text, _LONGEST) for text in row] for row in ([columns] if columns else []) + rows]
    widths = [max(map(len, texts)) for texts in zip(*(row[:-1] for row in table), strict=True)]
    above = 1 if widths[1:] and 2 + sum(one + 2 for one in widths) > width else 0
    margin, widths = "    " if above else "  ", widths[above:]
    begin = len(margin) + sum(one + 2 for one in widths)
    is_below = width - begin < _ROOM and any(begin + len(row[-1]) > width for row in table)
    for *first, last in table:
        yield from (f"  {name}" for name in first[:above])
        head = margin + "".join(f"{text:<{one + 2}}" for text, one in zip(first[above:], widths, strict=True))
        if is_below and widths:
            yield head.rstrip()
            yield from wrapped(f"      {last}", width, " " * 6)
        else:
            yield from wrapped(head + last, width, " " * begin)


FORMATS: Mapping[str, Callable[[Fleet], str]] = {"table": as_text, "markdown": as_markdown, "csv": as_csv}
