"""The JSON of `guardrail check --replay`: guardrail.replay/v1, as `guardrail schema replay` describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from guardrail.files.document import Document
from guardrail.model.report import Verdict
from guardrail.replay.outcome import Standing

FORMAT: Literal["guardrail.replay/v1"] = "guardrail.replay/v1"
KindName = Literal["newly_fails", "newly_passes", "newly_warns", "no_longer_warns"]


class CountsDocument(Document):
    """How many runs there are, and how many findings have changed in each way."""

    runs: int
    compared: int
    """runs with a verdict to compare with"""
    unreadable: int
    runs_newly_failing: int
    newly_fails: int
    newly_passes: int
    newly_warns: int
    no_longer_warns: int


class RuleDocument(Document):
    """The findings of a rule that have changed in one way."""

    rule: str
    kind: KindName
    findings: int
    projects: dict[str, int]
    """project: findings in it"""


class ChangeDocument(Document):
    """One thing that stands otherwise than before."""

    project: str
    rule: str
    subject: str
    """an address, budget:NAME or plan"""
    kind: KindName | None
    """null: it makes no difference to the run"""
    before: Standing
    after: Standing
    message: str


class RunDocument(Document):
    """One run of the past, judged again."""

    name: str
    projects: tuple[str, ...]
    now: datetime
    """the day that it was judged for"""
    dated_by: Literal["--now", "result", "plan", "today"]
    verdict_before: Verdict | None
    """null: there is nothing to compare with"""
    verdict: Verdict
    changes: tuple[ChangeDocument, ...]
    differs: tuple[str, ...] | None
    """what else than the text of the rules may have changed the verdict; null: no hashes tell"""
    same_verdict: bool | None
    """whether amounts and findings have the hash that the result tells; null: it tells none, or not all can be judged"""
    not_replayed: tuple[str, ...]
    """rules that read what a result does not hold"""


class UnreadableDocument(Document):
    """A file that could not be read."""

    file: str
    why: str


class ReplayDocument(Document):
    """What `guardrail check --replay DIR --format json` prints."""

    format: Literal["guardrail.replay/v1"] = Field(default=FORMAT, alias="schema")
    against: str | None
    """the revision of --policy-ref; null: the verdicts in the results"""
    counts: CountsDocument
    rules: tuple[RuleDocument, ...]
    runs: tuple[RunDocument, ...]
    not_replayed: dict[str, int]
    """rule: in how many runs a result without a plan was not enough"""
    unreadable: tuple[UnreadableDocument, ...]
