"""Lays a report out for a terminal: sections of text and tables; the only file that knows rich."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from guardrail.files.excerpt import Excerpts
from guardrail.model.finding import Finding
from guardrail.model.report import Verdict
from guardrail.report.approvals_text import approve_command
from guardrail.report.format import count, gaps, line_reason, quantity, standing, status_word
from guardrail.report.parts.amounts import legends, line_amount, side_amount, total_amounts
from guardrail.report.parts.gaps import Gap
from guardrail.report.parts.rows import Row, named, worth
from guardrail.report.terminal.changes import change_lines, folded, group_amounts
from guardrail.report.terminal.findings import rule_blocks
from guardrail.report.text import safe
from guardrail.report.view import View
from guardrail.report.waivers_yaml import waive_command

_OPENED = 5  # changed resources that are told with their reasons
_SUMMED = 5
_CHANGES = 50  # rows and entries before a list is cut short, unless details are asked for
_BILLED = 500
_LISTED = 20
_SOURCES = 4  # of prices, of one vendor
_ALL = 1_000_000

_VERDICTS = {
    Verdict.PASS: ("PASS", "bold green"),
    Verdict.WARN: ("WARN", "bold yellow"),
    Verdict.FAIL: ("FAIL", "bold red"),
}


def laid_out(view: View, *, width: int, color: bool, details: bool, excerpts: Excerpts) -> str:
    """Return the text, lines padded with blanks."""
    console = Console(
        file=io.StringIO(),
        width=width,
        # Given, so that rich does not ask the terminal: the same report is the same text anywhere.
        height=50,
        color_system="standard" if color else None,
        no_color=not color,
        force_terminal=color,
        force_jupyter=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as captured:
        for part in _Page(view, width=width, details=details, excerpts=excerpts).parts():
            console.print(part)
    return captured.get()


class _Page:
    """The sections of one report, in reading order."""

    def __init__(self, view: View, *, width: int, details: bool, excerpts: Excerpts) -> None:
        self.view = view
        self.width = width
        self.excerpts = excerpts
        self.report = view.report
        self.currency = view.report.currency
        self.details = details

    def parts(self) -> Iterator[RenderableType]:
        """Give everything to print, top to bottom."""
        yield self.headline()
        if not self.view.quiet:
            if self.view.supplied:
                yield Text(self.view.supplied_line, "yellow")
            yield from self.projects()
            has_changes = self.report.judged or self.report.compares
            if has_changes:
                yield from self.changes()
                yield from self.sums()
            if self.details or not has_changes:
                yield from self.bill()
            yield from self.billed()
            yield from self.gaps("Not evaluated", self.view.not_evaluated)
            yield from self.gaps("Not priced", self.view.unpriced, self.view.remedies)
            yield from self.gaps("Depends on usage that is not given", self.view.usage_based)
            yield from self.gaps("Assumed", self.view.assumed)
            yield from self.notes()
            if self.details:
                yield from self.rules()
            yield ""
        yield self.footer()
        if not self.view.quiet and self.view.findings:
            yield from self.findings()
            yield ""
            yield self.headline()

    def headline(self) -> Text:
        """Return the verdict and what the change costs."""
        unjudged = ("Difference" if self.report.compares else "Estimate", "bold")
        word, style = _VERDICTS[self.report.verdict] if self.report.judged else unjudged
        return Text.assemble((word, style), "  ", (self.view.headline, "bold"))

    def projects(self) -> Iterator[RenderableType]:
        """Give the table of projects, if there are several."""
        if len(self.report.projects) < 2:  # noqa: PLR2004
            return
        grid = _grid("Project", "Before", "After", "Delta")
        pairs = self.view.projects
        for label, project in pairs[: self._limit(_CHANGES)]:
            missing = gaps(project.totals, self.currency)
            if project.is_unread:
                grid.add_row(Text(label), "", "", "not read")
                continue
            name = f"{label} ({missing})" if missing else label
            grid.add_row(Text(name), *map(Text, total_amounts(project.totals, self.currency)))
        sums = total_amounts(self.report.totals, self.currency)
        grid.add_row(Text("All projects", "bold"), *(Text(amount, "bold") for amount in sums))
        yield ""
        yield grid
        yield from _more(len(pairs), self._limit(_CHANGES))

    def changes(self) -> Iterator[RenderableType]:
        """Give the resources whose cost changes and why, and in one line each what does not."""
        view, limit = self.view, self._limit(_CHANGES)
        if view.changed:
            groups = view.changed_alike[:limit]
            yield ""
            yield from change_lines(groups, self.currency, self.width, opened=self._limit(_OPENED))
            rest = [row for group in view.changed_alike[limit:] for row in group.rows]
            if rest:
                after = worth(rest, self.currency)
                yield Text(f"  {len(rest):,} more changes: {after} afterwards (--details lists them)", "dim")
            yield from _legend(amount for group in groups for amount in group_amounts(group, self.currency))
        if view.without_cost:
            yield ""
            yield Text("; ".join(view.without_cost), "dim")

    def sums(self) -> Iterator[RenderableType]:
        """Give what each service, module and team costs, where there are several."""
        limit = self._limit(_SUMMED)
        for name, found in self.view.sums:
            grid = _grid(name, "Before", "After", "Delta")
            for one in found[:limit]:
                grid.add_row(Text(one.name), *map(Text, total_amounts(one.totals, self.currency)))
            yield ""
            yield grid
            yield from _more(len(found), limit)

    def bill(self) -> Iterator[RenderableType]:
        """Give each resource with its cost lines, and what is free in one line."""
        rows, limit = self.view.bill, self._limit(_BILLED)
        if rows:
            grid = _grid("Resource", "Quantity", "Unit", "Monthly cost")
            grid.columns[2].justify, grid.columns[2].no_wrap, grid.columns[2].max_width = "left", False, 24
            for row in rows[:limit]:
                _bill_rows(grid, row, self.currency)
            yield ""
            yield grid
            if rows[limit:]:
                rest = worth(rows[limit:], self.currency)
                yield Text(f"  {len(rows) - limit:,} more resources: {rest} (--details lists them)", "dim")
            yield from _legend(side_amount(row.side, self.currency) for row in rows[:limit])
        if self.view.free:
            yield ""
            yield Text(f"{count(len(self.view.free), 'resource')} free of charge", "dim")

    def billed(self) -> Iterator[RenderableType]:
        """Give what bills have come to beside the estimates, where a snapshot of the ledger tells it."""
        found, limit = self.view.billed, self._limit(_SUMMED)
        if not found:
            return
        yield from _title(found.title)
        yield from (_indented(Text(line)) for line in found.lines())
        if found.rows:
            grid = _grid(*found.heads)
            for one in found.rows[:limit]:
                grid.add_row(Text(named(one.row)), *map(Text, one.amounts(self.currency)))
            yield ""
            yield grid
            yield from _more(len(found.rows), limit)
            yield from _legend(amount for one in found.rows[:limit] for amount in one.amounts(self.currency))

    def gaps(self, title: str, gaps: Sequence[Gap], remedies: Sequence[str] = ()) -> Iterator[RenderableType]:
        """Give what is not known about the cost, and what to do about it."""
        if not gaps:
            return
        yield from _title(title)
        for gap in gaps[: self._limit(_LISTED)]:
            number = f" ({gap.count:,})" if gap.count > 1 else ""
            yield _indented(Text(f"{gap.subject}{number}: {gap.reason}"))
        yield from _more(len(gaps), self._limit(_LISTED))
        for remedy in remedies[: self._limit(_LISTED)]:
            yield _indented(Text(f"To do: {remedy}"))
        yield from _more(len(remedies), self._limit(_LISTED))

    def findings(self) -> Iterator[RenderableType]:
        """Give what the rules found, by rule: what is accepted first and shortest, what blocks last, near the prompt."""
        view = self.view
        if view.accepted:
            numbers = Counter(map(status_word, view.accepted))
            yield from _title(" · ".join(f"{number:,} {word}" for word, number in numbers.items()), "dim")
            for finding in view.accepted[: self._limit(_LISTED)]:
                yield _indented(Text(_accepted(finding), "dim"))
            yield from _more(len(view.accepted), self._limit(_LISTED))
        # Terminals show the end: what blocks stands last, and the verdict once more below it.
        yield from self.how_to_waive()
        yield from self.how_to_approve()
        for title, style, findings in (
            ("Warnings", "bold yellow", view.report.as_told(view.warnings)),
            ("Rules not evaluated", "bold red", view.errors),
            ("Not read", "bold red", view.unread),
            ("Needs approval", "bold red", view.report.as_told(view.pending)),
            ("Blocking", "bold red", view.report.as_told(view.blocking)),
        ):
            if findings:
                yield from _title(title, style)
                yield from rule_blocks(findings, view, self._limit(_CHANGES), self.excerpts)

    def how_to_waive(self) -> Iterator[RenderableType]:
        """Give the command that writes a waiver, to copy."""
        fit = self.view.waivable
        if not fit:
            return
        yield ""
        how = "with the input and --config of this check; the waivers file goes through review"
        yield Text(f"To waive what blocks, where that is right ({how}):", "dim")
        yield _indented(Text(waive_command(fit[0]), "dim"))

    def how_to_approve(self) -> Iterator[RenderableType]:
        """Give the command that writes an approval, to copy."""
        fit = [one for one in self.view.approvable if one.approval and one.approval.approvers]
        if not fit:
            return
        yield ""
        yield Text("To approve, review the pull request, or write it into the approvals file of its base:", "dim")
        yield _indented(Text(approve_command(fit[0]), "dim"))

    def rules(self) -> Iterator[RenderableType]:
        """Say which rules matched nothing: their silence is no pass."""
        use = self.report.rule_use
        matched = {name for name, one in use.items() if one.matched}
        idle = [name for name in use if name not in matched]
        skipped = [name for name in matched if not use[name].applied]
        if use:
            yield from _title("Rules")
            yield _indented(Text(f"{len(matched)} of {len(use)} match something here"))
        for what, names in (("match nothing here", idle), ("match, and their `when` is false everywhere", skipped)):
            if names:
                yield _indented(Text(f"{what}: {', '.join(sorted(names))}", "dim"))

    def notes(self) -> Iterator[RenderableType]:
        """Give what a reader should know of the input."""
        if self.view.notes:
            yield from _title("Notes")
            for note in self.view.notes[: self._limit(_LISTED)]:
                yield _indented(Text(note))
            yield from _more(len(self.view.notes), self._limit(_LISTED))

    def footer(self) -> Text:
        """Return which prices the report stands on."""
        infos = [f"{safe(i.vendor, 20)} {safe(i.as_of, 20)} ({_sources(i.source)})" for i in self.report.catalog]
        version = f"guardrail {safe(self.report.tool_version, 40)}"
        catalog = f"{self.report.basis}: {', '.join(infos)}" if infos else "no price was used"
        return Text(f"Estimate in {safe(self.currency, 10)}, {catalog} · {version}", "dim")

    def _limit(self, limit: int) -> int:
        return _ALL if self.details else limit


def _grid(*names: str) -> Table:
    """Return a table whose first column takes what is left and may wrap; the others hold numbers and may not."""
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=True, header_style="dim")
    grid.add_column(names[0], overflow="fold", ratio=1)
    for name in names[1:]:
        grid.add_column(name, justify="right", no_wrap=True, overflow="fold")
    return grid


def _bill_rows(grid: Table, row: Row, currency: str) -> None:
    """Add a resource, its cost lines, and a heading where the group of lines changes."""
    side = row.side
    if side is None:
        return
    gone = "  (until it is removed)" if row.resource.after is None else ""
    grid.add_row(_Address(f"{named(row)}{gone}"), "", "", Text(side_amount(side, currency), "bold"))
    group = ""
    # Lines without a group first; else the groups in the order in which they first appear.
    places = {name: place for place, name in enumerate(dict.fromkeys(["", *(line.group for line in side.lines)]))}
    for line in sorted(side.lines, key=lambda line: places[line.group]):
        if line.group != group:
            group = line.group
            grid.add_row(Text(f"  {safe(group, 80)}", "dim"), "", "", "")
        indent = 4 if group else 2
        why = line_reason(line, currency)
        name: RenderableType = _indented(Text(safe(line.name, 120)), indent)
        name = Group(name, _indented(Text(why, "dim"), indent + 2)) if why else name
        amount = line_amount(line, currency)
        grid.add_row(name, Text(quantity(line.monthly_quantity)), Text(safe(line.unit, 40)), Text(amount))


def _sources(text: str) -> str:
    """Return the first sources of a list of them, each whole, and how many more there are."""
    names = text.split(", ")
    more = f" and {len(names) - _SOURCES:,} more" if len(names) > _SOURCES else ""
    return safe(", ".join(names[:_SOURCES]), 80) + more


class _Address:
    """The address of a resource, broken after its dots where a column is narrow."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text("\n".join(folded(self.text, options.max_width)), "bold")


def _title(text: str, style: str = "bold") -> Iterator[RenderableType]:
    yield ""
    yield Text(text, style)


def _indented(text: Text, columns: int = 2) -> Padding:
    text.overflow = "fold"
    return Padding(text, (0, 0, 0, columns))


def _more(total: int, limit: int) -> Iterator[RenderableType]:
    if total > limit:
        yield Text(f"  {total - limit:,} more (--details lists them)", "dim")


def _legend(amounts: Iterable[str]) -> Iterator[RenderableType]:
    yield from (Text(meaning, "dim") for meaning in legends(amounts))


def _accepted(finding: Finding) -> str:
    """Return a waived or pre-existing finding in one line."""
    state = standing(finding)
    return f"{safe(finding.rule, 80)}  {safe(finding.address, 160)}".rstrip() + f"  ({state[:1].lower()}{state[1:]})"
