"""Edits as folded diffs, which no text of a configuration can end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from guardrail.model.finding import Finding
from guardrail.model.remedy import Edit, Replacement
from guardrail.report.format import count
from guardrail.report.markdown.text import details, prose
from guardrail.report.suggestions import commands
from guardrail.report.text import safe

_LISTED = 20  # edits
_LINES = 40  # of one of them
_WIDE = 300  # characters of a line
_FENCE = re.compile(r"`{3,}|~{3,}")


def listed_edits(findings: Iterable[Finding], rest: str) -> str:
    """Return a folded block of all edits, each once; nothing where there are none. `rest` says where the others are."""
    findings = list(findings)
    found = [finding.edit for finding in findings if finding.edit]
    edits = list(dict.fromkeys(found))
    if not edits:
        return ""
    shown = [_edit(edit) for edit in edits[:_LISTED]]
    more = [f"{len(edits) - _LISTED:,} more in {rest}."] if edits[_LISTED:] else []
    made_by = [f"`{command}`" for command in commands(findings)]
    how = f"{' and '.join(made_by)} make{'' if made_by[1:] else 's'} them."
    what = f"{count(len(edits), 'edit')} for {count(len(found), 'finding')}"
    return details(what, "\n\n".join([how, *shown, *more]))


def _edit(edit: Edit) -> str:
    lines = [line for one in edit.replacements for line in _lines(one)]
    hidden = [f"… {len(lines) - _LINES:,} more lines"] if lines[_LINES:] else []
    text = "\n".join([*lines[:_LINES], *hidden])
    # A longer fence than any in the text; nor may it look like the marks by which comments are found again.
    fence = "`" * max([3, *(len(found) + 1 for found in _FENCE.findall(text))])
    return f"{prose(edit.description)}\n\n{fence}diff\n{text}\n{fence}"


def _lines(one: Replacement) -> Iterator[str]:
    yield f"@@ {_shown(one.file)}:{one.first_line} @@"
    if one.last_line >= one.first_line:
        yield from (f"-{_shown(line)}" for line in one.was.split("\n"))
    yield from (f"+{_shown(line)}" for line in one.text.split("\n"))


def _shown(line: str) -> str:
    """Return a line of code as it is, but for what is not printable. Tabs are spaces: nobody copies from here."""
    return safe(line.replace("\t", "    "), _WIDE).replace("<!--", "<!\u2060--")
