"""Findings with all that an attempt to mend them needs: the resource, and the configuration that it is written in."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from guardrail.config import Source
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.remedy import Remedy
from guardrail.model.report import Report
from guardrail.model.resource import Change
from guardrail.terraform.configuration.code.files import configuration_files
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.editor import Editor
from guardrail.terraform.plan.reader import Plan

_OPEN = frozenset({FindingStatus.FAIL, FindingStatus.UNKNOWN, FindingStatus.ERROR, FindingStatus.PRE_EXISTING})
_NO_TEXT = "the configuration of the plan was not found: name its folder with --source"
_IN_UNIT = "it belongs to a Terragrunt unit, which is not edited"

Key = tuple[str, str, str]
"""What tells a finding from others, before and after an edit: project, rule and subject."""


class Item(Struct, eq=False):
    """A finding, its resource, and what edits the configuration of that.

    is_planned  it is of a plan, which cannot tell what an edit comes to
    is_near     tags are added to the resource, not to what it refers to
    reason      why nothing was done, as far as it is known
    no_editor   why there is nothing that edits, if there is not
    """

    finding: Finding
    change: Change | None
    editor: Editor | None
    is_planned: bool
    is_near: bool = False
    reason: str = ""
    no_editor: str = _NO_TEXT

    @property
    def remedy(self) -> Remedy:
        """What its rule says is to be done."""
        return self.finding.remedy or Remedy()

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return key_of(self.finding)

    @property
    def can_be_tried(self) -> bool:
        """Whether there is something to be done, to a text at hand."""
        if self.remedy.steps and self.editor is None:
            self.reason = self.no_editor
        return bool(self.remedy.steps) and self.editor is not None

    def edited(self, texts: EditedFiles) -> EditedFiles:
        """Return texts with what is to be done done to them. Raises CannotEditError."""
        if self.editor is None or self.change is None:
            raise CannotEditError(self.no_editor)
        return self.editor.edited(texts, self.change, self.remedy, is_near=self.is_near)

    def turned(self) -> bool:
        """Choose the other way to do it, if there is one that was not tried yet. Return whether there was.

        Tags go first to where their map is written, which may mend many resources at once, then to the resource itself.
        """
        can = not self.is_near and any(step.path[0] == "tags" for step in self.remedy.steps)
        self.is_near = self.is_near or can
        return can


def items_of(read: list[tuple[Source, Plan]], report: Report) -> list[Item]:
    """Return the open findings of a report; what is waived is agreed, and stays as it is."""
    sources = {source.name: (source, plan) for source, plan in read}
    changes = {
        (project.name, one.change.address): one.change for project in report.projects for one in project.resources
    }
    editors: dict[str, Editor | str] = {}  # one reads and parses a root module, for all findings in it
    items: list[Item] = []
    for finding in open_findings(report):
        found: Editor | str = _NO_TEXT
        is_planned = False
        if finding.project in sources:
            source, plan = sources[finding.project]
            is_planned = not plan.is_configuration
            if source.name not in editors:
                editors[source.name] = editor_of(source, plan)
            found = editors[source.name]
        change = changes.get((finding.project, finding.address))
        editor, no_editor = (None, found) if isinstance(found, str) else (found, _NO_TEXT)
        items.append(Item(finding, change, editor, is_planned, no_editor=no_editor))
    return items


def editor_of(source: Source, plan: Plan) -> Editor | str:
    """Return what edits the configuration of a plan, or why nothing does."""
    if source.choices.terragrunt:
        return _IN_UNIT
    root = root_of(source, plan)
    return Editor(root, source.choices) if root else _NO_TEXT


def root_of(source: Source, plan: Plan) -> Path | None:
    """Return the folder of a plan's root module; None where it is not at hand."""
    if plan.is_configuration:
        return Path(source.plan) / plan.folder
    if source.configuration or source.plan == "-":
        return source.configuration
    given = Path(source.plan)
    # A plan's JSON usually lies beside the configuration that it was made from.
    folder = given if given.is_dir() else given.parent
    return folder if configuration_files(folder) else None


def open_findings(report: Report) -> list[Finding]:
    """Return the findings that somebody has to do something about."""
    return [one for one in report.all_findings if one.status in _OPEN]


def key_of(finding: Finding) -> Key:
    """Return what tells a finding from others."""
    return (finding.project, finding.rule, finding.subject)
