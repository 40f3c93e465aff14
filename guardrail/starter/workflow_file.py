"""The workflow on GitHub: the example that goes by guardrail.yaml; for other systems, what to add there by hand."""

from __future__ import annotations

import re
from pathlib import Path

from guardrail import __version__, data, git
from guardrail.starter.proposal import Proposal, kept, leads_out
from guardrail.starter.survey import Survey
from guardrail.starter.text import filled

NAME = ".github/workflows/guardrail.yml"
EXAMPLE = "configured.yml"
DOCS = "https://github.com/guardrail-finops/guardrail/blob/main"
_RUNS_US = re.compile(r"guardrail-finops|\bguardrail (?:check|report)\b")
_CHECKS = "checks pull requests, without a login"
_LARGE = 1_000_000  # bytes


def workflow_file(seen: Survey, config: str) -> Proposal:
    """Propose the workflow. `config` is guardrail.yaml as seen from the top of the repository."""
    top, system = seen.hosting.top, seen.hosting.system
    path = top / NAME
    if system == "gitlab":
        return _gitlab(seen, config)
    if system not in {"github", ""}:
        return Proposal("workflow", path, reason=f"{system} runs the checks here", by_hand=f"{DOCS}/docs/other-ci.md")
    for workflow in sorted((top / ".github" / "workflows").glob("*.y*ml")):
        if _RUNS_US.search(_text(workflow)):
            return kept("workflow", workflow, "it runs guardrail")
    if path.exists() or path.is_symlink():
        return kept("workflow", path)
    if leads_out(path, top):
        return Proposal("workflow", path, reason="it leads out of the repository", by_hand=f"{DOCS}/docs/github.md")
    if missing := _untracked_plans(seen):
        reason = f"{missing} is not in git, so a workflow has to make it first"
        return Proposal("workflow", path, reason=reason, by_hand=f"{DOCS}/examples/workflows/plan-and-check.yml")
    return Proposal("workflow", path, after=workflow_text(seen, config), reason=_CHECKS + _unpinned())


def workflow_text(seen: Survey, config: str) -> str:
    """Return the example for this repository: its configuration, and no base where plans know themselves what was."""
    text = (data.workflows_dir() / EXAMPLE).read_text(encoding="utf-8")
    commit = data.release_commit()
    pin = f"{commit} # v{__version__}" if commit else f"v{__version__}"
    text = re.sub(r"(actions/guardrail@)v[\w.]+", rf"\g<1>{pin}", text)
    text = text.replace("config: guardrail.yaml", f"config: {config}")
    if _any_plan(seen):
        text = re.sub(r"^ +base: .*\n", "", text, flags=re.MULTILINE)
    return text


def _gitlab(seen: Survey, config: str) -> Proposal:
    path = seen.hosting.top / ".gitlab-ci.yml"
    if _RUNS_US.search(_text(path)):
        return kept("workflow", path, "it runs guardrail")
    options = "" if config == Path(config).name else f" --config {config}"
    options += "" if _any_plan(seen) else ' --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA"'
    options += " --policy-ref base"
    hand = f"add a job to it:\n{filled('gitlab-ci.yml', options=options)}"
    return Proposal("workflow", path, reason="GitLab runs the checks here", by_hand=hand)


def _unpinned() -> str:
    """Say what keeps the workflow from naming the action by its commit; "" where nothing does."""
    return "" if data.release_commit() else f"; the action by its tag v{__version__}, as this is no released guardrail"


def _any_plan(seen: Survey) -> bool:
    return any(project.is_plan(seen.folder) for project in seen.projects)


def _untracked_plans(seen: Survey) -> str:
    """Return the first plan that a checkout would not have."""
    plans = [seen.folder / project.plan for project in seen.projects if project.plan] if seen.hosting.in_git else []
    return next((path.relative_to(seen.folder).as_posix() for path in plans if not git.is_tracked(path)), "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < _LARGE else ""
    except OSError:
        return ""
