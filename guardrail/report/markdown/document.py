"""The report as Markdown: the body of a pull request's comment and of a job's summary, never over a size limit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.money import HOURS_PER_MONTH
from guardrail.model.report import ProjectReport, Report, Verdict
from guardrail.report.approvals_text import approve_command
from guardrail.report.chat import SIGNS
from guardrail.report.format import count, gaps, line_reason, quantity
from guardrail.report.frame import NO_FRAME, Frame
from guardrail.report.markdown.changes import changes_table
from guardrail.report.markdown.edits import listed_edits
from guardrail.report.markdown.findings import listed_findings
from guardrail.report.markdown.plain import without_html
from guardrail.report.markdown.sums import sums
from guardrail.report.markdown.text import breakable, code, details, link, prose
from guardrail.report.parts.amounts import legends, line_amount, side_amount, total_amounts
from guardrail.report.parts.gaps import Gap
from guardrail.report.parts.rows import Row, worth
from guardrail.report.view import View, has_news, place
from guardrail.report.waivers_yaml import waive_command, waivers_yaml

_ALL = 1_000_000
_OPEN = 10  # changed resources that are not folded
_SHOWN = 30  # places of findings that are not folded
_BILLED = 20  # resources of an estimate
_LINES = 50  # of one resource of an estimate
_WAIVED = 5  # findings in the YAML to paste
_SMALLEST_PLACE = 20  # bytes; tells how many findings can fit at all


class _Size(Struct, frozen=True):
    """How much of each part is shown: changed resources, entries of folded lists, findings, projects."""

    changes: int
    listed: int = 50
    findings: int = _ALL
    projects: int = _ALL

    @property
    def folded(self) -> bool:
        """Whether there are folded parts."""
        return bool(self.listed)


# What goes first when it does not fit: the parts that people act on least.
_SIZES = (
    _Size(60),
    _Size(10),
    _Size(10, listed=10),
    _Size(10, listed=3),
    _Size(10, listed=0),
    _Size(5, listed=0),
    _Size(0, listed=0),
    _Size(0, listed=0, findings=2_000),
    _Size(0, listed=0, findings=500, projects=100),
    _Size(0, listed=0, findings=150, projects=20),
    _Size(0, listed=0, findings=50, projects=20),
    _Size(0, listed=0, findings=10, projects=10),
    _Size(0, listed=0, findings=0, projects=0),
)


def markdown(
    report: Report, *, limit_bytes: int = 65_000, frame: Frame = NO_FRAME, html: bool = True, chart: bool = True
) -> str:
    """Return the comment's body, which begins with its headline; equal reports give equal bytes.

    `html` off is for places that show tags as they are written: nothing is folded there. `chart` off is for those that
    do not draw Mermaid.
    It is cut by whole parts to at most `limit_bytes` of UTF-8. Headline, totals and footer always stay, so that
    limits under 2,000 bytes may not be kept.
    """
    body = _Body(report, limit_bytes, frame, html=html, chart=chart and html)
    text = ""
    for size in _SIZES:
        text = body.render(size) if html else without_html(body.render(size))
        if len(text.encode()) <= limit_bytes:
            break
    return text


class _Body:
    """The parts of the body."""

    def __init__(self, report: Report, limit_bytes: int, frame: Frame, *, html: bool, chart: bool) -> None:
        self.report = report
        self.html = html
        self.chart = chart
        self.frame = frame
        self.view = View(report)
        self.size = _SIZES[0]
        self.fitting = limit_bytes // _SMALLEST_PLACE + 1
        # Sizes that show as many findings show the same.
        self.open_findings = cache(self._open_findings)
        self.all_blocking = cache(self._all_blocking)

    def render(self, size: _Size) -> str:
        """Return the whole body at a size."""
        self.size = size
        if self.view.quiet:
            return f"{self.headline()}\n{self.footer()}\n"
        parts = [
            f"{self.headline()}\n{self.projects(size.projects)}".rstrip("\n"),
            self.supplied(folded=size.folded),
            self.open_findings(size.findings),
        ]
        has_changes = self.report.judged or self.report.compares
        whole = self.all_blocking(size.findings)
        if size.changes:
            parts.append(self.changes(size.changes) if has_changes else self.bill(min(size.changes, _BILLED)))
        parts.append(whole)
        if size.folded:
            parts += [
                sums(self.view, chart=self.chart) if has_changes else "",
                self.billed(),
                self.notes(),
                self.other_findings(),
                self.edits(),
                self.not_priced(),
                self.how_to_approve(),
                self.how_to_waive(),
            ]
        return "\n\n".join(filter(None, [*parts, self.footer()])) + "\n"

    def headline(self) -> str:
        """Return the first line: the verdict and what the change costs."""
        key = f" {code(self.frame.key, 80)}" if self.frame.key else ""
        if not self.report.judged:
            return f"### Guardrail estimate{key}: {self.view.headline}"
        return f"### {SIGNS[self.report.verdict]} Guardrail{key}: {self.view.headline}"

    def supplied(self, *, folded: bool) -> str:
        """Return what judges the change and is its own."""
        files, line = (
            self.view.supplied,
            f"⚠️ {prose(self.view.supplied_line[:1].upper() + self.view.supplied_line[1:])}",
        )
        if not folded or len(files) < 2:  # noqa: PLR2004
            return line if files else ""
        kinds = ", ".join(dict.fromkeys(one.kind for one in files))
        summary = f"⚠️ This change edits the policy that it is checked by: {kinds} ({len(files):,} files)"
        return details(summary, self.listed([f"- {code(one.path)}: {one.kind}" for one in files]))

    def projects(self, limit: int) -> str:
        """Return the table of projects with something new, and the total of all."""
        pairs = self.view.projects
        shown = [pair for pair in pairs if has_news(pair[1]) or not self.report.judged]
        lines = [_project_row(code(label), project, self.report) for label, project in shown[:limit]]
        if len(pairs) > 1:
            sums = total_amounts(self.report.totals, self.report.currency)
            policy = _policy(self.report.all_findings, self.report) if self.report.judged else ""
            lines.append(_cells(f"**All {len(pairs):,} projects**", policy, f"**{sums[2]}**", sums[0], sums[1]))
        if not lines:
            return ""
        hidden, same = len(shown[limit:]), len(pairs) - len(shown)
        remainder = [f"{hidden:,} more with changes"] if hidden else []
        remainder += [f"{count(same, 'project')} unchanged"] if same else []
        # What people ask first stands first: a phone shows three columns.
        head = ["| Project | Policy | Δ / month | Before | After |", "|:--|:--|--:|--:|--:|"]
        text = "\n".join(head + lines)
        return f"{text}\n\n{', '.join(remainder)}." if remainder else text

    def _open_findings(self, limit: int) -> str:
        """Return what blocks, and what could not be evaluated, unfolded."""
        blocks = (
            (f"{SIGNS[Verdict.FAIL]} Blocking", self.view.report.as_told(self.view.blocking)),
            (f"{SIGNS[Verdict.FAIL]} Needs approval", self.view.report.as_told(self.view.pending)),
            ("⚠️ Not read", self.view.unread),
            ("⚠️ Rules not evaluated", self.view.errors),
        )
        # What costs how much is not to be looked for behind hundreds of places.
        is_long = self._is_long(limit)
        most = _SHOWN if is_long else min(limit, self.fitting)
        rest = "the list below" if is_long else self.rest
        return "\n\n".join(f"#### {title}\n{self.findings(found, most, rest)}" for title, found in blocks if found)

    def _all_blocking(self, limit: int) -> str:
        """Return the whole list of what blocks, folded, where the one above is but its beginning."""
        if not self._is_long(limit):
            return ""
        found = [*self._stopping, *self.view.unread, *self.view.errors]
        whole = self.findings(found, min(limit, self.fitting), self.rest)
        return details(f"The whole list of {count(len(found), 'finding')}", whole)

    def _is_long(self, limit: int) -> bool:
        lists = self.view.report.as_told(self.view.blocking), self.view.report.as_told(self.view.pending)
        number = max(map(len, (*lists, self.view.unread, self.view.errors)))
        return self.html and number > _SHOWN and limit > _SHOWN

    @property
    def _stopping(self) -> list[Finding]:
        return [*self.view.report.as_told(self.view.blocking), *self.view.report.as_told(self.view.pending)]

    def findings(self, findings: list[Finding], limit: int, rest: str) -> str:
        """Return findings as a list, and the number of those that it leaves out, which `rest` has."""
        return "\n".join(listed_findings(findings, self.where, limit, rest))

    @property
    def rest(self) -> str:
        """Where that is which does not fit."""
        return f"the {link('full report', self.frame.run_url) or 'full report'}"

    def where(self, finding: Finding) -> str:
        """Return project, address, file and line of a finding."""
        parts = [code(self.view.project_label(finding)), code(finding.address), self.place(finding)]
        return " · ".join(filter(None, parts))

    def place(self, finding: Finding) -> str:
        """Return file and line of a finding."""
        return self.linked(code(place(finding)), finding.project, finding.file or "", finding.line)

    def row_place(self, row: Row) -> str:
        """Return file and line of a resource."""
        source = self.view.place_of(row)
        return (
            self.linked(breakable(f"{source.file}:{source.line}", 160), row.owner, source.file, source.line)
            if source
            else ""
        )

    def linked(self, text: str, project: str, file: str, line: int | None) -> str:
        """Return a place as a link that goes on leading there after later pushes, where the file is known to be there."""
        return link(text, self.frame.line_url(project, file, line)) or text

    def notes(self) -> str:
        """Return what a reader should know of the input."""
        notes = self.view.notes
        # Without a line of its own the list would go on that of the findings.
        return f"Notes:\n{self.listed([f'- ⚠️ {prose(note)}' for note in notes])}" if notes else ""

    def listed(self, items: list[str]) -> str:
        """Join list items, and count those that are too many."""
        limit = self.size.listed
        more = [f"- {len(items) - limit:,} more in {self.rest}"] if len(items) > limit else []
        return "\n".join(items[:limit] + more)

    def other_findings(self) -> str:
        """Return warnings, unanswered questions, and what was there before or is waived, folded."""
        findings = [*self.view.report.as_told(self.view.warnings), *self.view.accepted]
        return details(self.view.tally, self.findings(findings, self.size.listed, self.rest)) if findings else ""

    def edits(self) -> str:
        """Return the edits that make findings go, as diffs, folded. Where nothing can be folded, they are left out."""
        return listed_edits(self.report.all_findings, self.rest) if self.html else ""

    def changes(self, limit: int) -> str:
        """Return the resources with the greatest effect on cost and why, and what the rest comes to."""
        groups, currency = self.view.changed_alike[:limit], self.report.currency
        parts = []
        if groups:
            parts.append(f"#### Largest cost changes\n{changes_table(groups[:_OPEN], currency, self.row_place)}")
        if further := groups[_OPEN:]:
            number = sum(len(group.rows) for group in further)
            whole = f"The next {number:,} of {count(len(self.view.changed), 'resource')} whose cost changes"
            parts.append(details(whole, changes_table(further, currency, self.row_place)))
        rest = [row for group in self.view.changed_alike[limit:] for row in group.rows]
        remainder = [f"{len(rest):,} more whose cost changes: {worth(rest, currency)} afterwards"] if rest else []
        remainder += self.view.without_cost
        return "\n\n".join([*parts, *([f"{'; '.join(remainder)}."] if remainder else [])])

    def bill(self, limit: int) -> str:
        """Return the dearest resources of an estimate with their cost lines."""
        rows, currency = self.view.bill, self.report.currency
        if not rows:
            return ""
        lines = ["| Resource | Quantity | Unit | Monthly cost |", "|:--|--:|:--|--:|"]
        lines += [line for row in rows[:limit] for line in _bill_rows(row, currency)]
        scope = f"top {limit} of {len(rows):,} resources" if len(rows) > limit else count(len(rows), "resource")
        text = "\n".join(lines)
        return details(f"Cost breakdown ({scope})", "\n\n".join([text, *legends([text])]))

    def billed(self) -> str:
        """Return what bills have come to beside the estimates, folded."""
        found = self.view.billed
        if not found:
            return ""
        parts = [self.listed([f"- {prose(line)}" for line in found.lines()])]
        if found.rows:
            rows = [
                _cells(_address(one.row), *one.amounts(self.report.currency)) for one in found.rows[: self.size.listed]
            ]
            rest = len(found.rows) - len(rows)
            more = [f"\n{rest:,} more in {self.rest}"] if rest else []
            parts.append("\n".join([_cells(*map(prose, found.heads)), "|:--|--:|--:|--:|", *rows, *more]))
            parts += legends(rows)
        return details(found.title, "\n\n".join(parts))

    def not_priced(self) -> str:
        """Return what has no price and why, what depends on usage, and what was assumed."""
        view = self.view
        parts = [
            ("Not evaluated", view.not_evaluated),
            ("Not priced", view.unpriced),
            ("Depends on usage that is not given (state it in a usage file)", view.usage_based),
            ("Assumed", view.assumed),
        ]
        blocks = [f"{title}:\n{self.listed([_gap(gap) for gap in gaps])}" for title, gaps in parts if gaps]
        if view.remedies:
            blocks.append(f"To do:\n{self.listed([f'- {prose(remedy)}' for remedy in view.remedies])}")
        without = sum(gap.count for gap in view.unpriced)
        counts = [f"Not evaluated: {len(view.not_evaluated):,}"] if view.not_evaluated else []
        counts += [f"Not priced: {count(without, 'resource')}"] if without else []
        summary = " · ".join([*counts, "assumptions"]) if counts else "Assumptions"
        return details(summary, "\n\n".join(blocks)) if blocks else ""

    def how_to_approve(self) -> str:
        """Return how what waits for approval is approved."""
        fit = [one for one in self.view.approvable if one.approval and one.approval.approvers]
        if not fit:
            return ""
        text = (
            "Whoever is named above approves this pull request in a review. The approval is for the amounts and plans that this comment"
            " tells: it lapses where an amount grows by more than 5% or what is planned for a resource changes. Or run"
            f" {code(approve_command(fit[0]))} and merge the change to the approvals file."
        )
        return details("How to approve", text)

    def how_to_waive(self) -> str:
        """Return the YAML that waives what blocks, ready to paste."""
        fit = self.view.waivable
        if not fit:
            return ""
        text = (
            f"Run {code(waive_command(fit[0]))}, or add this to the waivers file that `guardrail.yaml` names. The reason and the"
            " last day are mandatory; whoever approves the change to that file approves the waiver. Some rules cannot be waived."
        )
        more = (
            f"\n\nThe other {len(fit) - _WAIVED:,} work alike; `*` in an address stands for any text."
            if len(fit) > _WAIVED
            else ""
        )
        return details("How to waive", f"{text}\n\n```yaml\n{waivers_yaml(fit[:_WAIVED])}\n```{more}")

    def footer(self) -> str:
        """Return which prices and which version the report stands on."""
        infos = [f"{prose(info.vendor, 20)} {prose(info.as_of, 20)}" for info in self.report.catalog[:10]]
        catalog = f"Catalog {', '.join(infos)}" if infos else "No catalog"
        parts = [f"{catalog}", f"guardrail {prose(self.report.tool_version, 40)}"]
        parts += [f"commit {prose(self.frame.commit[:7])}"] if self.frame.commit else []
        parts += filter(None, [link("run", self.frame.run_url)])
        basis = f"Estimate, {self.report.basis}, {prose(self.report.currency, 10)}, months of {HOURS_PER_MONTH} hours"
        return f"<sub>{basis}. {' · '.join(parts)}</sub>"


def _cells(*texts: str) -> str:
    return f"| {' | '.join(texts)} |"


def _project_row(name: str, project: ProjectReport, report: Report) -> str:
    # What concerns the whole run, a budget, is told of the only project: its row says the headline's numbers.
    findings = report.all_findings if len(report.projects) == 1 else project.findings
    policy = _policy(findings, report) if report.judged else ""
    if project.is_unread:
        return _cells(name, policy, "**not read**", "", "")
    before, after, change = total_amounts(project.totals, report.currency)
    missing = gaps(project.totals, report.currency) if len(report.projects) > 1 else ""  # else the headline has said it
    return _cells(f"{name} ({missing})" if missing else name, policy, f"**{change}**", before, after)


def _policy(findings: Sequence[Finding], report: Report) -> str:
    """Return the numbers of what blocks and what warns: "❌ 2 · ⚠️ 1"."""
    blocking = sum(finding.blocking for finding in findings)
    loud = (FindingStatus.FAIL, FindingStatus.UNKNOWN, FindingStatus.ERROR)
    warnings = report.as_told(one for one in findings if one.status in loud and not one.blocking)
    pairs = ((SIGNS[Verdict.FAIL], blocking), (SIGNS[Verdict.WARN], len(warnings)))
    return " · ".join(f"{sign}\u00a0{number:,}" for sign, number in pairs if number) or SIGNS[Verdict.PASS]


def _address(row: Row) -> str:
    return " ".join(filter(None, [code(row.project), code(row.resource.change.address)]))


def _bill_rows(row: Row, currency: str) -> list[str]:
    side = row.side
    if side is None:
        return []
    gone = " (before its removal)" if row.resource.after is None else ""
    rows = [_cells(f"{_address(row)}{gone}", "", "", f"**{side_amount(side, currency)}**")]
    for line in side.lines[:_LINES]:
        name = f"{prose(line.group, 80)} / {prose(line.name, 120)}" if line.group else prose(line.name, 120)
        why = line_reason(line, currency)
        name = f"↳ {name} ({prose(why)})" if why else f"↳ {name}"
        amount = line_amount(line, currency)
        rows.append(_cells(name, quantity(line.monthly_quantity), prose(line.unit, 40), amount))
    return rows


def _gap(gap: Gap) -> str:
    number = f" ({gap.count:,})" if gap.count > 1 else ""
    return f"- {code(gap.subject)}{number}: {prose(gap.reason)}"
