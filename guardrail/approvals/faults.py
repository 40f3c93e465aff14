"""What of an approvals file can never approve anything here: names that there are not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from guardrail.approvals.file import ApprovalEntry
from guardrail.approvals.policy import ApprovalPolicy
from guardrail.config import Approver
from guardrail.config.file import ProjectConfig
from guardrail.errors import ConfigError, did_you_mean
from guardrail.files import YamlFile


def approval_faults(
    entries: Sequence[ApprovalEntry],
    file: YamlFile,
    *,
    rules: Collection[str] = (),
    approvers: Sequence[Approver] = (),
    projects: Sequence[ProjectConfig] = (),
) -> Iterator[ConfigError]:
    """Give an error for each rule, approver and project that an entry names and that there is not; none of a kind: not checked."""
    policy, names = ApprovalPolicy(tuple(approvers)), [one.name for one in projects]

    def fault(number: int, key: str, what: str, fix: str) -> ConfigError:
        return ConfigError(what, where=file.where(("approvals", number, key)), fix=fix)

    for number, entry in enumerate(entries):
        if rules and entry.rule not in rules:
            fix = did_you_mean(entry.rule, rules) or "`guardrail rules list --all` has them"
            yield fault(number, "rule", f"no rule is called {entry.rule}", fix)
        if approvers and not policy.of_name(entry.by):
            fix = did_you_mean(entry.by, [one.name for one in approvers]) or "guardrail.yaml has them"
            yield fault(number, "by", f"{entry.by} is none of the approvers", fix)
        if projects and entry.project and not _is_known(entry.project, projects, Path(file.name).parent):
            fix = did_you_mean(entry.project, names) or "guardrail.yaml has them"
            yield fault(number, "project", f"no project is called {entry.project}", fix)


def _is_known(name: str, projects: Sequence[ProjectConfig], base: Path) -> bool:
    """Say whether a project is one of guardrail.yaml, one of several of its plans or units, or a plan that is checked by its path."""
    begins = (one.name if one.terragrunt else f"{one.name} (" for one in projects)
    return any(one.name == name for one in projects) or name.startswith(tuple(begins)) or (base / name).exists()
