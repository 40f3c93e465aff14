"""A replay as text for a terminal and as Markdown for the pull request that changes the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from guardrail.replay.outcome import Change, Kind, Replay, Replayed
from guardrail.report.format import count
from guardrail.report.markdown.text import code, prose
from guardrail.report.text import safe

_EXAMPLES, _PROJECTS, _RUNS, _NAMES = 3, 3, 30, 5
_LONGEST = 2_000
_LONGEST_MESSAGE = 200


def as_text(found: Replay) -> str:
    """Return lines of text: the sums first, then each rule with examples, each run that differs, and what is not known."""
    lines = [*_head(found)]
    for kind in Kind:
        for rule, projects in found.by_rule(kind):
            told = f"{count(projects.total(), 'finding')} in {_named(projects)}{_whose(found, rule)}"
            lines += ["", f"{kind.value}: {rule}, {told}"]
            lines += [f"  {line}" for line in _examples(found, kind, rule)]
    if differing := [run for run in found.runs if run.changes]:
        lines += ["", "Runs with another outcome", *(f"  {line}" for line in _runs(differing))]
    if notes := [*_notes(found)]:
        lines += ["", *notes]
    if found.unreadable:
        lines += ["", "Could not be read", *(f"  {one.file}: {one.why}" for one in found.unreadable)]
    return "".join(f"{safe(line, _LONGEST)}\n" for line in lines)


def as_markdown(found: Replay) -> str:
    """Return the same as a comment on a pull request shows it."""
    lines = [*map(prose, _head(found))]
    if any(found.counts.values()):
        lines += ["", "| | rule | findings | projects |", "| --- | --- | --: | --- |"]
        lines += [
            f"| {kind.value} | {code(rule)} | {projects.total():,} | {prose(_named(projects))} |"
            for kind in Kind
            for rule, projects in found.by_rule(kind)
        ]
    if differing := [run for run in found.runs if run.changes]:
        lines += ["", "**Runs with another outcome**", "", *(f"- {prose(line)}" for line in _runs(differing))]
    lines += ["", *(f"- {prose(note)}" for note in _notes(found))] if [*_notes(found)] else []
    if found.unreadable:
        bad = (f"- {code(one.file)}: {prose(one.why)}" for one in found.unreadable)
        lines += ["", "**Could not be read**", "", *bad]
    return "".join(f"{line}\n" for line in lines)


def _head(found: Replay) -> Iterator[str]:
    against = f"the rules of {found.against[:40]}" if found.against else "the verdict in each result"
    yield f"{count(len(found.runs), 'run')} replayed: the rules as they are now, against {against}"
    counts = found.counts
    if not any(counts.values()):
        yield "nothing newly fails and nothing newly passes"
        return
    findings = ", ".join(f"{counts[kind]:,} {_plural(kind, counts[kind])}" for kind in Kind)
    yield f"findings: {findings}"
    if failing := [run for run in found.runs if run.is_newly_blocked]:
        projects = {name for run in failing for name in run.projects}
        yield f"{count(len(failing), 'run')} in {count(len(projects), 'project')} would fail that did not"


def _plural(kind: Kind, number: int) -> str:
    if number == 1:
        return kind.value
    return kind.value.removesuffix("es") if kind is Kind.NEWLY_PASSES else kind.value.removesuffix("s")


def _whose(found: Replay, rule: str) -> str:
    """Say so if it is not the rule that has changed, as far as results tell."""
    runs = [run for run in found.runs if any(one.rule == rule for one in run.changes)]
    is_same = all(run.differs is not None and f"rule {rule}" not in run.differs for run in runs)
    return "; the rule is the same as then" if is_same else ""


def _named(projects: Counter[str]) -> str:
    """Name the projects with most findings, and count the others."""
    most = sorted(projects.items(), key=lambda one: (-one[1], one[0]))
    shown = ", ".join(f"{name or 'the whole run'} ({number:,})" for name, number in most[:_PROJECTS])
    return f"{shown} and {count(len(most) - _PROJECTS, 'other project')}" if most[_PROJECTS:] else shown


def _examples(found: Replay, kind: Kind, rule: str) -> Iterator[str]:
    every = [(run, one) for run in found.runs for one in run.changes if one.kind is kind and one.rule == rule]
    for run, one in every[:_EXAMPLES]:
        yield f"{run.name}: {_change(one)}"
    if every[_EXAMPLES:]:
        yield f"{len(every) - _EXAMPLES:,} more; --format json has all"


def _change(one: Change) -> str:
    where = f"{one.project}: {one.subject}" if one.project else one.subject
    return f"{where} {one.before} -> {one.after}: {safe(one.message, _LONGEST_MESSAGE)}"


def _runs(runs: Sequence[Replayed]) -> Iterator[str]:
    for run in runs[:_RUNS]:
        kinds = Counter(one.kind for one in run.changes)
        told = ", ".join(f"{kinds[kind]:,} {_plural(kind, kinds[kind])}" for kind in Kind if kinds[kind])
        before, after = run.verdicts
        yield f"{run.name} (as of {run.now:%Y-%m-%d}): {before} -> {after}{'; ' + told if told else ''}"
    if runs[_RUNS:]:
        yield f"{len(runs) - _RUNS:,} more; --format json has all"


def _notes(found: Replay) -> Iterator[str]:
    """Say how far what was replayed is what was judged then, and what could not be compared."""
    yield from _verified(found)
    if alone := [run.name for run in found.runs if not run.is_compared]:
        yield (
            f"nothing to compare {_files(alone)} with: store the result of `guardrail check --format json`, too, "
            "or name the rules of before with --policy-ref"
        )
    if lacking := found.not_replayed:
        named = ", ".join(f"{rule} ({count(runs, 'run')})" for rule, runs in sorted(lacking.items())[:_NAMES])
        more = f" and {len(lacking) - _NAMES:,} other rules" if len(lacking) > _NAMES else ""
        yield f"not replayed, as results hold no attributes: {named}{more}; store the plans, too"
    if undated := [run.name for run in found.runs if run.dated_by == "today"]:
        yield f"judged as of today, since nothing tells the day of {_files(undated)}"


def _verified(found: Replay) -> Iterator[str]:
    same = [run for run in found.runs if run.differs == ()]
    if repeated := [run.name for run in same if run.same_verdict]:
        yield f"same rules, same inputs, same verdict: {_files(repeated)}"
    if only := [run.name for run in same if run.same_verdict is None]:
        yield f"same rules, judged by what the result alone holds: {_files(only)}"
    if odd := [run.name for run in same if run.same_verdict is False]:
        yield f"same rules, same inputs, but another verdict: {_files(odd)}; please report this as a bug"
    differing = Counter(name for run in found.runs for name in run.differs or ())
    if differing:
        named = ", ".join(f"{name} ({count(runs, 'run')})" for name, runs in differing.most_common(_NAMES))
        more = f" and {len(differing) - _NAMES:,} others" if len(differing) > _NAMES else ""
        yield f"differs from when it was judged: {named}{more}"
    if silent := [run.name for run in found.runs if run.is_compared and not found.against and run.differs is None]:
        yield f"no hashes tell what was judged by in {_files(silent)}"


def _files(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
