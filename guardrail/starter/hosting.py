"""Where a repository lives: its top, and the system that runs its checks."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from guardrail import git

_OTHERS = {
    "azure-pipelines.yml": "Azure DevOps",
    "bitbucket-pipelines.yml": "Bitbucket",
    "atlantis.yaml": "Atlantis",
    "Jenkinsfile": "Jenkins",
    ".circleci": "CircleCI",
    ".buildkite": "Buildkite",
}


class Hosting(Struct, frozen=True):
    """The top of the repository (the folder itself outside of git), and what runs its checks.

    system  "github", "gitlab", another's name, or "" where nothing tells
    commits whether there is a commit to compare with
    """

    top: Path
    system: str
    in_git: bool
    commits: bool


def hosting(folder: Path) -> Hosting:
    """Look at a folder and what is above it."""
    top = git.top_of(folder)
    place = top or folder
    return Hosting(place, _system(place, in_git=top is not None), top is not None, bool(top and git.has_commit(top)))


def _system(top: Path, *, in_git: bool) -> str:
    if (top / ".github").is_dir():
        return "github"
    if (top / ".gitlab-ci.yml").is_file() or (top / ".gitlab").is_dir():
        return "gitlab"
    for name, system in _OTHERS.items():
        if (top / name).exists():
            return system
    # Files first: a remote's name says nothing of a mirror, nor of a GitHub Enterprise Server under a name of its own.
    remote = git.remote_of(top) if in_git else ""
    return next((system for system in ("github", "gitlab") if system in remote), "")
