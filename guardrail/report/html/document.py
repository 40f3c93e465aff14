"""The page: verdict and money first, then what blocks, what changes the cost, what is not known, and what it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from guardrail.files.excerpt import Excerpts
from guardrail.model.report import Report, Verdict
from guardrail.report.approvals_text import approve_command
from guardrail.report.frame import Frame
from guardrail.report.html.basis import inputs, prices
from guardrail.report.html.blocks import folded, listed, section
from guardrail.report.html.changes import changed_resources
from guardrail.report.html.costs import bill, not_known
from guardrail.report.html.element import Child, Html, code, element, lines, prose
from guardrail.report.html.findings import by_rule, edits
from guardrail.report.html.places import Places
from guardrail.report.html.sums import PALE, sum_table
from guardrail.report.parts.amounts import total_amounts
from guardrail.report.view import View
from guardrail.report.waivers_yaml import waive_command, waivers_yaml

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What the page may do: nothing but have a style. Should a text of a plan ever become markup, it could load nothing."""

_ENTRIES = 200  # of a list
_WAIVED = 20  # findings in the YAML to paste
_SIGNS = {Verdict.PASS: "✓", Verdict.WARN: "!", Verdict.FAIL: "✕"}


def page(report: Report, excerpts: Excerpts, frame: Frame) -> str:
    """Return the report as one HTML file. Equal reports give equal bytes."""
    return f"<!doctype html>{_Page(report, Places(View(report), excerpts, frame)).whole().markup}\n"


class _Page:
    """The sections of one report, in reading order."""

    def __init__(self, report: Report, places: Places) -> None:
        self.report = report
        self.places = places
        self.view = places.view
        self.currency = report.currency
        self.has_changes = report.judged or report.compares

    def whole(self) -> Html:
        """Return everything."""
        sections = list(self.sections())
        links = [element("li", element("a", title, href=f"#{key}")) for key, title, _ in sections]
        nav = element("nav", element("ul", links), aria_label="Sections") if links[2:] else None
        contents = [section(key, title, *parts) for key, title, parts in sections]
        body = element("body", self.header(), nav, element("main", contents), self.footer())
        return element("html", self.head(), body, lang="en")

    def head(self) -> Html:
        """Return what browsers read first."""
        style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
        return element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=POLICY),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", f"Guardrail: {self.verdict}, {self.view.headline}"),
            element("style", Html(style)),
        )

    @property
    def verdict(self) -> str:
        """The answer in one word, or what kind of answer it is."""
        if self.report.judged:
            return self.report.verdict.upper()
        return "Difference" if self.report.compares else "Estimate"

    def header(self) -> Html:
        """Return the verdict, the headline and the sums."""
        report = self.report
        look = report.verdict.value if report.judged else "none"
        sign = f"{_SIGNS[report.verdict]} " if report.judged else ""
        badge = element("span", f"{sign}{self.verdict}", class_=f"verdict {look}")
        return element("header", element("h1", badge, " ", self.view.headline), self.totals(), self.supplied())

    def totals(self) -> Html | None:
        """Return before, after and change as figures."""
        if not self.view.rows and not self.report.totals.not_evaluated:
            return None
        before, after, change = total_amounts(self.report.totals, self.currency)
        pairs = [("Monthly cost before", before), ("After", after), ("Change", change)]
        shown = pairs if self.has_changes or self.report.totals.monthly_before else [("Monthly cost", after)]
        return element("dl", [element("div", element("dt", name), element("dd", amount)) for name, amount in shown])

    def supplied(self) -> Html | None:
        """Return what judges the change and is its own."""
        found = self.view.supplied
        if not found:
            return None
        items: list[Child] = [[code(one.path), f": {one.kind.value}"] for one in found]
        text = "This change edits the policy that it is checked by:"
        return element("div", element("p", text), listed(items, _ENTRIES, "files are"), class_="warning")

    def sections(self) -> Iterator[tuple[str, str, list[Html]]]:
        """Give key, title and content of each section that has any."""
        view = self.view
        found = (
            ("blocking", "Blocking", by_rule(view.report.as_told(view.blocking), self.places)),
            (
                "approval",
                "Needs approval",
                [*by_rule(view.report.as_told(view.pending), self.places), *self.how_to_approve()],
            ),
            ("unread", "Not read", by_rule(view.unread, self.places)),
            ("errors", "Rules not evaluated", by_rule(view.errors, self.places)),
            ("changes", "Cost changes by resource", self.changes() if self.has_changes else []),
            ("sums", "Sums", self.sums()),
            ("billed", "Estimate and bill", self.billed()),
            ("bill", "Cost breakdown", [] if self.has_changes else bill(view)),
            ("warnings", "Warnings", by_rule(view.report.as_told(view.warnings), self.places)),
            ("missing", "Not known and assumed", not_known(view)),
            ("edits", "Edits", edits(view.findings)),
            ("waive", "How to waive", self.how_to_waive()),
            ("accepted", "Approved, waived and pre-existing", by_rule(view.accepted, self.places)),
            (
                "notes",
                "Notes",
                listed([prose(note) for note in view.notes], _ENTRIES, "notes are") if view.notes else [],
            ),
            ("inputs", "Inputs", inputs(self.report)),
            ("prices", "Prices", prices(self.report)),
        )
        return (one for one in found if one[2])

    def changes(self) -> list[Html]:
        """Return what changes and why, and in words what does not."""
        parts = changed_resources(self.places) if self.view.changed else []
        rest = "; ".join(self.view.without_cost)
        return [*parts, *([element("p", f"{rest}.")] if rest else [])]

    def sums(self) -> list[Html]:
        """Return what projects, services, modules and teams cost, where there are several."""
        projects = [("Project", self.view.by_project)] if len(self.report.projects) > 1 else []
        tables = [
            sum_table(name, found, self.currency, of_change=self.has_changes)
            for name, found in (*projects, *self.view.sums)
        ]
        parts = [part for found in tables for part in found]
        if any(PALE in part.markup for part in parts):
            parts.append(element("p", "A pale bar stands for a sum from which something is missing.", class_="dim"))
        return parts

    def billed(self) -> list[Html]:
        """Return what bills have come to beside the estimates, where a snapshot of the ledger tells it."""
        if not self.view.billed:
            return []
        from guardrail.report.html.billed import billed_costs  # noqa: PLC0415 - few have a snapshot of a ledger

        return billed_costs(self.view.billed, self.currency)

    def how_to_waive(self) -> list[Html]:
        """Return the YAML that waives what blocks, ready to paste."""
        fit = self.view.waivable
        if not fit:
            return []
        instruction = (
            f"Run {waive_command(fit[0])}, or add this to the waivers file that guardrail.yaml names. "
            "The reason and the last day are mandatory; whoever may "
            "approve changes to that file approves the waiver. Some rules cannot be waived, and say so."
        )
        entries = lines(waivers_yaml(fit[:_WAIVED]).split("\n"))
        rest = len(fit) - _WAIVED
        more = (
            element("p", f"The other {rest:,} work alike; * in an address stands for any text.") if rest > 0 else None
        )
        return [element("p", instruction), folded("Entries to paste", entries, more)]

    def how_to_approve(self) -> list[Html]:
        """Return how what waits for approval is approved."""
        fit = [one for one in self.view.approvable if one.approval and one.approval.approvers]
        if not fit:
            return []
        text = "Whoever is named may approve the pull request in a review, or in the approvals file of its base: "
        return [element("p", text, element("code", approve_command(fit[0])))]

    def footer(self) -> Html:
        """Return what made the report, when, and of what."""
        report = self.report
        moment = report.generated_at.strftime("%Y-%m-%d %H:%M %Z")
        parts = [f"Guardrail {report.tool_version}, {moment}"]
        if request := report.pull_request:
            parts.append(f"change {request.number}" + (f" at {request.commit[:7]}" if request.commit else ""))
        return element("footer", element("p", " · ".join(parts)))
