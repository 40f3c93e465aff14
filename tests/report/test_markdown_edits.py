"""Edits in the comment: each once, folded, and none of their texts gets out of its fence."""

from __future__ import annotations

import re

from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity
from guardrail.model.remedy import Edit, Replacement
from guardrail.report.markdown.edits import listed_edits


def finding(*replacements, said="set type"):
    edit = Edit(said, replacements)
    status = FindingStatus.FAIL
    return Finding("r", "t", Severity.LOW, Enforcement.ADVISORY, status, "m", blocking=False, edit=edit)


def test_an_edit_of_several_findings_is_shown_once():
    one = finding(Replacement("main.tf", 3, 3, '  type = "gp2"', '  type = "gp3"'))
    other = finding(Replacement("main.tf", 9, 8, "", "\ttags = {\n\t}"), said="set tags")
    assert listed_edits([one, one, other], "the full report") == (
        "<details><summary>2 edits for 3 findings</summary>\n\n"
        "`guardrail check --fix` makes them.\n\n"
        "set type\n\n"
        '```diff\n@@ main.tf:3 @@\n-  type = "gp2"\n+  type = "gp3"\n```\n\n'
        "set tags\n\n"
        "```diff\n@@ main.tf:9 @@\n+    tags = {\n+    }\n```\n\n"
        "</details>"
    )


def test_no_edits_are_no_block():
    assert listed_edits([], "the full report") == ""


def test_what_is_too_much_is_counted():
    long = finding(Replacement("main.tf", 1, 0, "", "\n".join(map(str, range(100)))))
    many = [finding(Replacement("main.tf", n, n, "a", "b")) for n in range(1, 40)]
    text = listed_edits([long, *many], "the full report")
    assert "… 61 more lines" in text
    assert "20 more in the full report." in text
    assert text.count("```diff") == 20


def test_no_text_ends_its_fence_or_looks_like_our_marks():
    text = listed_edits(
        [finding(Replacement("a\n```", 1, 1, "````", "<!-- guardrail -->\x1b[1m"), said="@all ```")], "x"
    )
    (fence,) = re.findall(r"^(`+)diff$", text, re.MULTILINE)
    assert len(fence) == 5
    assert text.count(f"\n{fence}\n") == 1
    assert "<!--" not in text
    assert "\x1b" not in text
    assert "@all" not in text
