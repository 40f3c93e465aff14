"""Attempts: edits are done to texts and evaluated, and as many are kept as help without harm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.check.run import check
from guardrail.config import Settings, Source
from guardrail.costs import Engine
from guardrail.errors import GuardrailError
from guardrail.fix.items import Item, key_of, open_findings, root_of
from guardrail.load import plans
from guardrail.model.report import Report
from guardrail.policy.rules.rule import RESERVED_IDS
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.scratch import scratch
from guardrail.terraform.plan.reader import Plan


class _Outcome(Struct, frozen=True):
    """What came of an attempt: the texts, the items that did not help, and what went wrong with the whole."""

    texts: EditedFiles
    failed: tuple[Item, ...] = ()
    problem: str = ""


def read_again(
    settings: Settings, read: list[tuple[Source, Plan]], place: Callable[[str], str] = str
) -> list[tuple[Source, Plan]]:
    """Read folders of configuration anew, each at its `place`; plans, which may have come by standard input, stay.

    Raises InputError for what could be read and can be no more.
    """
    folders = {source.plan for source, plan in read if plan.is_configuration}
    configured = replace(settings, sources=tuple(source for source in settings.sources if source.plan in folders))
    again = plans(configured, place)
    known = {source.name for source, plan in read if plan.fault}
    for fault in (plan.fault for source, plan in again if plan.fault and source.name not in known):
        raise fault
    return [*again, *((source, plan) for source, plan in read if not plan.is_configuration)]


def _moved(source: Source, place: Callable[[str], str]) -> Source:
    """Return a source with its files of variables where they are in a copy."""
    given = (Path(place(str(one))) if isinstance(one, Path) else one for one in source.choices.given)
    return replace(source, choices=replace(source.choices, given=tuple(given)))


class Attempts(Struct):
    """What is known of a run, to compare with what edits make of it; `engine` has priced it, and remembers."""

    settings: Settings
    read: list[tuple[Source, Plan]]
    report: Report
    engine: Engine | None = None
    _last: tuple[list[Item], EditedFiles] = field(default_factory=lambda: ([], EditedFiles()))
    _seen: dict[tuple[tuple[Path, str], ...], Report] = field(default_factory=dict)

    @property
    def can_evaluate(self) -> bool:
        """Whether anything is a folder of configuration, which can be evaluated anew."""
        return any(plan.is_configuration for _, plan in self.read)

    def settle(self, items: list[Item]) -> tuple[EditedFiles, list[Item]]:
        """Return the texts with the edits that are kept, and their items; the others say their reason."""
        kept = self._accepted([], items)
        done, texts = self._last
        return texts if done == kept else self._attempt(kept).texts, kept

    def evaluated(self, texts: EditedFiles) -> Report:
        """Evaluate folders of configuration with other texts, in a copy; plans stay what they are. Raises GuardrailError."""
        news = tuple((file, new) for file, (_, new) in texts.changes.items())
        if not news:
            return self.report
        if news not in self._seen:
            settings = self.settings
            roots = [root_of(source, plan) for source, plan in self.read if plan.is_configuration]
            with scratch([root for root in roots if root], dict(news)) as moved:
                copied = replace(settings, sources=tuple(_moved(source, moved) for source in settings.sources))
                # Rules, budgets and prices are those of the original: the settings themselves judge the copy.
                self._seen[news] = check(settings, read=read_again(copied, self.read, moved), engine=self.engine)
        return self._seen[news]

    def _accepted(self, good: list[Item], more: list[Item]) -> list[Item]:
        """Return the items that are known to be good, and those of the others that go with them.

        Halves are tried where the whole does harm, so that one bad edit among n takes some log n checks to find, not n.
        """
        outcome = self._attempt([*good, *more])
        # What did not help goes, unless it can be done in another way; others may have been in need of it.
        while outcome.failed:
            gone = {item for item in outcome.failed if not item.turned()}
            good, more = ([item for item in some if item not in gone] for some in (good, more))
            outcome = self._attempt([*good, *more])
        if not outcome.problem:
            return [*good, *more]
        if len(more) > 1:
            middle = len(more) // 2
            return self._accepted(self._accepted(good, more[:middle]), more[middle:])
        for item in more:
            item.reason = outcome.problem
            if item.turned():
                return self._accepted(good, more)
        return good

    def _attempt(self, items: Sequence[Item]) -> _Outcome:
        texts = EditedFiles()
        failed: list[Item] = []
        for item in items:
            try:
                texts = item.edited(texts)
            except CannotEditError as error:
                item.reason = str(error)
                failed.append(item)
        self._last = (list(items), texts)
        if failed or not self.can_evaluate:  # plans show no effect of an edit: it is made, and not proved
            return _Outcome(texts, tuple(failed))
        try:
            return self._judged(items, texts, self.evaluated(texts))
        except GuardrailError as error:
            return _Outcome(texts, problem=f"the edit breaks the configuration: {error.what}")

    def _judged(self, items: Sequence[Item], texts: EditedFiles, report: Report) -> _Outcome:
        """Compare what the edits come to with what was: each has to help, and none may do harm."""
        after = {key_of(one): one for one in open_findings(report)}
        failed = tuple(item for item in items if item.key in after and not item.is_planned)
        for item in failed:
            item.reason = f"it is still there after the edit: {after[item.key].message}"
        if failed:
            return _Outcome(texts, failed)
        # A finding that was there and did not block, as it was there before the change, must not come to block.
        was = {key_of(one): one.blocking for one in self.report.all_findings}
        for key, one in after.items():
            is_new = key not in was or one.blocking > was[key]
            # A waiver that is no longer used, since what it waived is mended, is no harm.
            if is_new and one.rule not in RESERVED_IDS:
                return _Outcome(texts, problem=f"it leads to another finding: {one.rule}: {one.subject}: {one.message}")
        if report.totals.unpriced > self.report.totals.unpriced:
            return _Outcome(texts, problem="what it leads to has no price in the catalog")
        return _Outcome(texts)
