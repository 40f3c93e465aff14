"""Files and lines of resources and findings: where they are, and what stands there."""

from __future__ import annotations

from msgspec import Struct

from guardrail.files.excerpt import Excerpts
from guardrail.model.finding import Finding
from guardrail.report.frame import Frame
from guardrail.report.html.element import Html, code, element, link
from guardrail.report.parts.rows import Row
from guardrail.report.text import safe
from guardrail.report.view import View, place

_LINE_LIMIT = 200


class Places(Struct, frozen=True):
    """The places of one report: links where its frame has their addresses."""

    view: View
    excerpts: Excerpts
    frame: Frame

    def of_row(self, row: Row) -> Html | None:
        """Return file and line of a resource."""
        source = self.view.place_of(row)
        if source is None:
            return None
        return self._linked(f"{source.file}:{source.line}", row.owner, source.file, source.line)

    def of_finding(self, finding: Finding) -> Html | None:
        """Return file and line of a finding."""
        where = place(finding)
        return self._linked(where, finding.project, finding.file or "", finding.line) if where else None

    def line(self, finding: Finding) -> Html | None:
        """Return the line of the configuration that a finding is about, with a mark on what is meant."""
        found = self.excerpts(finding)
        if found is None:
            return None
        text = safe(found.text.expandtabs(4), _LINE_LIMIT)
        start, end = found.start, found.start + found.length
        number = element("span", f"{found.line} | ", class_="dim")
        return element("pre", element("code", number, text[:start], element("mark", text[start:end]), text[end:]))

    def _linked(self, text: str, project: str, file: str, line: int | None) -> Html:
        shown = code(text)
        return link(shown, self.frame.line_url(project, file, line)) or shown
