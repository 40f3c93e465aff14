"""Recommendations as text for a terminal and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from guardrail.finops.commitments.text import lines_of, markdown_of
from guardrail.model.money import ZERO, money
from guardrail.recommend.kinds import OF_ACCOUNTS
from guardrail.recommend.recommendation import Recommendation, Recommendations, Status, Unjudged
from guardrail.report.columns import wrapped
from guardrail.report.format import count
from guardrail.report.markdown.text import code, prose
from guardrail.report.text import safe

_SHOWN = 3  # addresses on a line
_DETAILED, _LISTED = 30, 100  # recommendations with all that is known, and in each list of others; JSON has all
_LONGEST = 2_000

Alike = Sequence[Recommendation]
"""Recommendations that differ in their addresses alone."""


def as_text(found: Recommendations, width: int = 100) -> str:
    """Return lines of text: the sum first, then what saves most, then what is not known and why."""

    def told(lines: Iterable[str]) -> list[str]:
        return [part for line in lines for part in wrapped(safe(line, _LONGEST), width)]

    lines = told(_head(found))
    groups = _alike(found, found.open)
    for some in groups[:_DETAILED]:
        lines += ["", *told(_detail(found, some))]
        lines += [f"        {safe(line, _LONGEST)}" for line in _instead(some[0]).splitlines()]  # is pasted: as it is
    lines += ["", *told(_rest(found, groups))] if groups[_DETAILED:] else []
    for status, title in _OTHERS:
        if others := _alike(found, found.of(status), briefly=True):
            lines += ["", title, *told(f"  {line}" for line in _briefs(found, others))]
    if found.unjudged:
        lines += ["", "Not known", *told(f"  {_not_judged(one)}" for one in found.unjudged)]
    for advice in found.advices:
        lines += ["", *told(lines_of(advice))]
    lines += ["", *told(found.notes)] if found.notes else []
    return "".join(f"{line}\n" for line in lines)


def as_markdown(found: Recommendations) -> str:
    """Return a table of what is open, then lists of the rest."""
    lines = [*map(prose, _head(found))]
    if found.open:
        lines += ["", "| saving a month | resource | change | confidence | effort |", "| --: | --- | --- | --- | --- |"]
        groups = _alike(found, found.open)
        for some in groups[:_LISTED]:
            proposal = some[0].proposal
            beside = "" if some[0].is_counted or some[0].saving is None else ", not in the sum"
            cells = [prose(_saving(found, some)) + beside, _subjects(some, code), prose(proposal.title)]
            lines.append(f"| {' | '.join([*cells, proposal.confidence, proposal.effort])} |")
        for some in groups[:_DETAILED]:
            lines += ["", f"**{prose(some[0].proposal.title)}** {_subjects(some, code)}", ""]
            lines += [f"- {prose(line)}" for line in _facts(found, some[0])]
            lines += _fenced(_instead(some[0]))
        lines += ["", *map(prose, _rest(found, groups))] if groups[_DETAILED:] else []
    for status, title in _OTHERS:
        if others := _alike(found, found.of(status), briefly=True):
            lines += ["", f"**{title}**", "", *(f"- {prose(line)}" for line in _briefs(found, others))]
    if found.unjudged:
        lines += ["", "**Not known**", ""]
        lines += [f"- {prose(_not_judged(one))}" for one in found.unjudged]
    for advice in found.advices:
        lines += ["", *markdown_of(advice)]
    lines += ["", *(f"- {prose(note)}" for note in found.notes)] if found.notes else []
    return "".join(f"{line}\n" for line in lines)


_OTHERS = (
    (Status.WITHHELD, "Withheld"),
    (Status.INSTEAD, "Alternatives"),
    (Status.DISMISSED, "Dismissed"),
)


def _head(found: Recommendations) -> Iterator[str]:
    monthly = money(found.monthly, found.currency)
    of = f"{'at least ' if found.is_lower_bound else ''}{monthly} a month"
    looked = f"{count(found.judged, 'resource')} looked at for {', '.join(found.kinds)}"
    if not set(found.kinds) - set(OF_ACCOUNTS):  # no project was looked at
        of, looked = "what accounts spend", f"looked at for {', '.join(found.kinds)}"
    if not found.open:
        yield f"Nothing to recommend: {looked}" + (f", which cost {of}" if found.judged else "")
        return
    open_ = [one for one in found.open if not one.is_counted]
    beside = f", {len(open_):,} of them not in the sum" if open_ else ""
    saving = money(found.saving, found.currency)
    yield f"{count(len(found.open), 'recommendation')}{beside}: {saving} of {of} · {looked}"
    if found.frees:
        yield f"They free {money(found.frees, found.currency)} a month of what commitments cover already"
    if found.blocking:
        yield f"{count(len(found.blocking), 'open recommendation')} above what recommend.block_above allows"


def _alike(found: Recommendations, recommendations: Sequence[Recommendation], *, briefly: bool = False) -> list[Alike]:
    """Return recommendations in groups that read the same, in their order."""
    groups: dict[tuple[object, ...], list[Recommendation]] = {}
    for one in recommendations:
        facts = (one.dismissal,) if briefly else (*_facts(found, one), _instead(one), one.saving)
        groups.setdefault((one.project, one.proposal.title, one.reason, *facts), []).append(one)
    return list(groups.values())


def _rest(found: Recommendations, groups: Sequence[Alike]) -> Iterator[str]:
    hidden = [one for some in groups[_DETAILED:] for one in some]
    saving = sum((one.saving for one in hidden if one.is_counted and one.saving is not None), ZERO)
    yield f"{count(len(hidden), 'more recommendation')}: {money(saving, found.currency)} a month; --format json has all"


def _briefs(found: Recommendations, groups: Sequence[Alike]) -> Iterator[str]:
    yield from (_brief(found, some) for some in groups[:_LISTED])
    if groups[_LISTED:]:
        yield f"{len(groups) - _LISTED:,} more; --format json has all"


def _detail(found: Recommendations, some: Alike) -> Iterator[str]:
    yield f"{_saving(found, some)}  {_subjects(some)}: {some[0].proposal.title}"
    if some[1:]:
        yield "    each:"
    for line in _facts(found, some[0]):
        yield f"    {line}"


def _subjects(some: Alike, written: Callable[[str], str] = str) -> str:
    hidden = len(some) - _SHOWN
    more = f" and {hidden:,} more" if hidden > 0 else ""
    return ", ".join(written(one.subject) for one in some[:_SHOWN]) + more


def _facts(found: Recommendations, one: Recommendation) -> Iterator[str]:
    proposal, currency = one.proposal, found.currency
    yield f"{proposal.kind}/{proposal.id} · confidence {proposal.confidence} · effort {proposal.effort}"
    if one.monthly_before is not None and one.monthly_after is not None and one.saving is not None:
        others = f", with {', '.join(one.others[:3])}" if one.others else ""
        yield f"{money(one.monthly_before, currency)} -> {money(one.monthly_after, currency)} a month{others}"
    if one.unknown:
        yield f"saving not known: {one.unknown}"
    if one.frees:
        yield f"frees {money(one.frees, currency)} a month of what a commitment covers: no saving now"
    if one.saving is not None and not proposal.counted:
        yield "not in the sum"
    for fact in (*proposal.evidence, *one.prices):
        said = ", ".join(filter(None, [fact.source, fact.as_of]))
        yield f"{fact.name}: {fact.value}" + (f" ({said})" if said else "")
    yield from proposal.notes
    yield from (f"or: {other}" for other in proposal.alternatives)
    if one.edit and one.edit.replacements:
        places = ", ".join(f"{each.file}:{each.first_line}" for each in one.edit.replacements)
        yield f"edit: {places}" + ("" if one.is_proved else " (plan again to see it)")
    elif one.no_edit:
        yield f"no edit: {one.no_edit}"
    if _instead(one):
        yield "instead:"


def _instead(one: Recommendation) -> str:
    """Return what is pasted where there is no edit; "" where there is none, or an edit."""
    return "" if one.edit else one.proposal.code


def _fenced(text: str) -> Iterator[str]:
    """Give a code block, whose fence is longer than any in it: what is pasted needs its indents."""
    if text:
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        yield from ("", fence, *(safe(line, _LONGEST) for line in text.splitlines()), fence)


def _brief(found: Recommendations, some: Alike) -> str:
    one = some[0]
    text = f"{_saving(found, some)}  {_subjects(some)}: {one.proposal.title}: "
    if one.dismissal:
        by = f", {one.dismissal.owner}" if one.dismissal.owner else ""
        return f"{text}{one.dismissal.reason} (until {one.dismissal.expires}{by})"
    return text + one.reason


def _saving(found: Recommendations, some: Alike) -> str:
    known = [one.saving for one in some if one.saving is not None]
    return money(sum(known, ZERO), found.currency) if known else "not known"


def _not_judged(one: Unjudged) -> str:
    hidden = len(one.addresses) - _SHOWN
    more = f" and {hidden:,} more" if hidden > 0 else ""
    of = f"{count(len(one.addresses), 'resource')}: {', '.join(one.addresses[:_SHOWN])}{more}"
    return f"{one.kind}: {one.reason} ({of})"
