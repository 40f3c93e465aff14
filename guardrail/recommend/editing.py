"""Recommendations as edits of the configuration: each is written where the value is, and the whole is evaluated again."""

from __future__ import annotations

import operator
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.config import Settings, Source
from guardrail.costs import Engine
from guardrail.errors import GuardrailError
from guardrail.fix.attempts import Attempts
from guardrail.fix.items import editor_of
from guardrail.model.cost import Cost
from guardrail.model.money import ZERO, rounded
from guardrail.model.remedy import Edit, Remedy, Replacement
from guardrail.model.report import Report
from guardrail.model.resource import Change
from guardrail.recommend.proposal import Confidence
from guardrail.recommend.recommendation import Recommendation
from guardrail.recommend.verifying import is_edit
from guardrail.report.diff import replacements
from guardrail.terraform.address import steps
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles, StillMentionedError
from guardrail.terraform.edit.editor import Editor
from guardrail.terraform.plan.reader import Plan

_NOT_AN_EDIT = "it is no edit of the configuration"

_MOST_OF_BLOCK = 20  # instances for which resources are written one by one: each is parsed with all before it
_PLACES = 9  # sums of decimals in another order may differ at their 28th digit

Costs = Mapping[tuple[str, str], Cost | None]
"""By project and address; None where it is not there."""


class _Written(Struct):
    """A recommendation and the lines that it changes by itself."""

    one: Recommendation
    change: Change
    editor: Editor
    edit: Edit
    is_planned: bool
    problem: str = ""
    is_proved: bool = False


def with_edits(
    found: Sequence[Recommendation],
    settings: Settings,
    read: list[tuple[Source, Plan]],
    before: Report | None,
    engine: Engine,
    *,
    removes: bool,
) -> tuple[list[Recommendation], Mapping[Path, tuple[str, str]]]:
    """Return recommendations with the lines that they change, and all files that those in the sum change together.

    `removes`: whether the files lose the blocks of resources that go, too.

    Where a folder of configuration is the input, an edit is kept only if the edited configuration costs what the
    recommendation says, and nothing else in it costs another sum.
    """
    if before is None:
        return list(found), {}
    writer = _Writer(read)
    written = {id(one): writer.written(one) for one in found if is_edit(one)}
    edits = [one for one in written.values() if isinstance(one, _Written)]
    texts = _Proof(Attempts(settings, read, before, engine), before, removes).proved(edits)
    result = []
    for one in found:
        made = written.get(id(one), one.no_edit or _NOT_AN_EDIT)
        if isinstance(made, StillMentionedError):
            # A data source, a provisioner or a script may use it, which references between resources do not tell.
            unsure = replace(one.proposal, counted=False, confidence=Confidence.LOW)
            result.append(replace(one, proposal=unsure, no_edit=str(made)))
        elif isinstance(made, str):
            result.append(replace(one, no_edit=made))
        elif made.problem:
            result.append(replace(one, no_edit=made.problem))
        else:
            result.append(replace(one, edit=made.edit, is_proved=made.is_proved))
    return result, texts.changes


class _Writer:
    """Writes recommendations into the texts of their projects."""

    def __init__(self, read: Sequence[tuple[Source, Plan]]) -> None:
        self._texts = EditedFiles()  # as they are: each edit by itself begins with them
        self._editors: dict[str, Editor | str] = {}
        self._sources = {source.name: (source, plan) for source, plan in read}
        self._changes = {(source.name, one.address): one for source, plan in read for one in plan.changes}
        self._of_block = Counter((project, _block_of(one)) for (project, _), one in self._changes.items())

    def written(self, one: Recommendation) -> _Written | str | StillMentionedError:
        """Return a recommendation with its lines, or why there are none."""
        if one.project not in self._editors:
            self._editors[one.project] = editor_of(*self._sources[one.project])
        editor = self._editors[one.project]
        if isinstance(editor, str):
            return editor
        change = self._changes[one.project, one.subject]
        if one.proposal.deletes and (other := self._of_same_block(one.project, change)):
            return f"its block also makes {other}"
        if one.proposal.adds and (many := self._of_block[one.project, _block_of(change)]) > _MOST_OF_BLOCK:
            return f"its block makes {many:,}: write schedules with the same count or for_each"
        try:
            files = _edited(editor, self._texts, change, one).changes
        except StillMentionedError as error:
            return error
        except CannotEditError as error:
            return str(error)
        lines = tuple(each for file, (old, new) in files.items() for each in replacements(file.as_posix(), old, new))
        is_planned = not self._sources[one.project][1].is_configuration
        return _Written(one, change, editor, Edit(one.proposal.title, lines), is_planned)

    def _of_same_block(self, project: str, change: Change) -> str:
        """Return the address of another instance that goes with the block of a resource; "" where there is none."""
        own = _block_of(change)
        if self._of_block[project, own] == 1:
            return ""
        alike = (one for (of, _), one in self._changes.items() if of == project and one.type == change.type)
        return next((one.address for one in alike if one.address != change.address and _block_of(one) == own), "")


def _block_of(change: Change) -> tuple[str, ...]:
    """Return what is equal for all that one block makes: the names of its modules, and its own."""
    return (*(name for _, name, _ in steps(change.module)), change.type, change.name)


def _edited(editor: Editor, texts: EditedFiles, change: Change, one: Recommendation) -> EditedFiles:
    if one.proposal.deletes:
        return editor.without(texts, change)
    texts = editor.edited(texts, change, Remedy(one.proposal.steps))
    return editor.with_resources(texts, change, one.proposal.adds) if one.proposal.adds else texts


class _Proof(Struct):
    """Evaluates edited configurations, and compares them with what was said."""

    attempts: Attempts
    before: Report
    removes: bool
    _last: tuple[Sequence[_Written], EditedFiles] = field(default_factory=lambda: ((), EditedFiles()))

    def proved(self, written: Sequence[_Written]) -> EditedFiles:
        """Mark edits as proved, or with what is wrong with them, and return the texts with those that are kept."""
        self._together(written)
        tried = [one for one in written if not one.problem]
        if not self.attempts.can_evaluate or not self._differing(tried):
            for one in tried:
                one.is_proved = not one.is_planned
            return self._together([one for one in tried if self._is_kept(one)])
        # Instances of a block are written in the same lines: they are edited together or not at all.
        groups: defaultdict[tuple[Replacement, ...], list[_Written]] = defaultdict(list)
        for one in tried:
            groups[one.edit.replacements].append(one)
        self._prove(list(groups.values()))
        return self._together([one for one in tried if not one.problem and self._is_kept(one)])

    def _prove(self, groups: Sequence[Sequence[_Written]]) -> None:
        """Evaluate halves of what does not hold together, so that one bad edit among n takes some log n evaluations."""
        problem = self._differing([one for group in groups for one in group])
        if problem and len(groups) > 1:
            middle = len(groups) // 2
            self._prove(groups[:middle])
            self._prove(groups[middle:])
            return
        for one in (one for group in groups for one in group):
            one.problem, one.is_proved = problem, not one.is_planned and not problem

    def _is_kept(self, written: _Written) -> bool:
        return written.one.is_counted and (self.removes or not written.one.proposal.deletes)

    def _together(self, written: Sequence[_Written]) -> EditedFiles:
        """Return the texts with several edits, each after the others; what cannot be done beside them says so."""
        if written and all(map(operator.is_, written, self._last[0])) and len(written) == len(self._last[0]):
            return self._last[1]
        texts = EditedFiles()
        done: set[tuple[Replacement, ...]] = set()
        for one in written:
            # What leaves the same lines by itself, as for another instance of its block, is done.
            if one.edit.replacements in done:
                continue
            try:
                texts = _edited(one.editor, texts, one.change, one.one)
                done.add(one.edit.replacements)
            except CannotEditError as error:
                one.problem = str(error)
        self._last = ([*written], texts)
        return texts

    def _differing(self, written: Sequence[_Written]) -> str:
        """Return how the edited configuration differs from what is said of it; "" where it does not."""
        try:
            report = self.attempts.evaluated(self._together(written))
        except GuardrailError as error:
            return f"the edit breaks the configuration: {error.what}"
        # Edits of what belongs to a plan show no effect.
        proved = [one for one in written if not one.is_planned]
        moved = {(one.one.project, address) for one in proved for address in one.one.moved}
        was, will = _costs(self.before), _costs(report)
        differing = [key for key in {**was, **will} if was.get(key) != will.get(key)]
        other = next((key for key in differing if key not in moved), None)
        if other:
            return f"the same lines also change {other[1]}"
        said = sum((_delta(one.one) for one in proved), ZERO)
        came = sum((_known(will.get(key)) - _known(was.get(key)) for key in differing), ZERO)
        if rounded(said - came, _PLACES):
            return "the edited configuration does not cost what the plan with these values does"
        return ""


def _costs(report: Report) -> Costs:
    return {(project.name, one.change.address): one.after for project in report.projects for one in project.resources}


def _known(cost: Cost | None) -> Decimal:
    return cost.known if cost else ZERO


def _delta(one: Recommendation) -> Decimal:
    return (one.monthly_after or ZERO) - (one.monthly_before or ZERO)
