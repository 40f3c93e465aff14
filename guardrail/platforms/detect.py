"""The platforms there are, and which of them a job runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from guardrail.http import Deadline
from guardrail.model.approval import SignOff
from guardrail.model.remedy import Suggestion
from guardrail.platforms import azure, bitbucket, github, gitlab
from guardrail.platforms.comment import Comment, Mode, Posted
from guardrail.platforms.context import Context, Overrides


class Platform(Protocol):
    """A place where a change is reviewed."""

    @property
    def commit(self) -> str:
        """The commit that is reported on; "" if the environment names none."""

    @property
    def run(self) -> str:
        """The run and its attempt, as the platform counts them."""

    def comment(self, comment: Comment, mode: Mode, *, first: bool) -> Posted:
        """Make the change show a report; `first`: also where it shows none yet. Raises NotPostedError."""

    def status(self, state: str, description: str, *, name: str) -> None:
        """Set the status of the commit: success, failure or error. Raises NotPostedError."""


Connect = Callable[[Mapping[str, str], Overrides, Deadline], Platform]

PLATFORMS: dict[str, tuple[str, Connect]] = {
    "github": ("GITHUB_ACTIONS", github.connect),
    "gitlab": ("GITLAB_CI", gitlab.connect),
    "azure": ("TF_BUILD", azure.connect),
    "bitbucket": ("BITBUCKET_BUILD_NUMBER", bitbucket.connect),
}
"""Name to the variable that its jobs have set, and to how it is spoken to."""

WITHOUT_HTML = frozenset({"bitbucket"})
"""The platforms whose Markdown shows HTML as it is written."""


def run_url(environ: Mapping[str, str], context: Context) -> str:
    """Return where the job's run is shown, "" where nothing tells."""
    name = detect(environ, Overrides())
    if name == "bitbucket":
        return bitbucket.run_url(environ)
    if name == "azure":
        return azure.run_url(environ)
    return environ.get("CI_JOB_URL", "") if name == "gitlab" else context.run_url


WITH_CHARTS = frozenset({"github", "gitlab"})
"""The platforms that draw Mermaid in a comment."""

Suggest = Callable[[Any, Sequence[Suggestion], str], str]

SUGGEST: dict[str, Suggest] = {"github": github.suggest}
"""Name to what makes the review of a change show suggestions with a key. It returns what is to be said of that."""


class Approvals(Protocol):
    """What a pull request tells of approvals. Calls raise NotPostedError.

    needs_key  whether the platform does not tell who has edited a comment, so that only a signature does
    """

    @property
    def needs_key(self) -> bool:
        """Whether only signed comments are believed."""

    @property
    def about(self) -> str:
        """The pull request, as no other is called."""

    def sign_offs(self, label: str) -> list[SignOff]:
        """Return the approvals that hold, the author's left out; `label`: also whoever has put it there, "" for none."""

    def is_member(self, team: str, user: str) -> bool:
        """Say whether a user is in a team."""

    def comments(self, key: str) -> tuple[list[str], str]:
        """Return our comments with this key that nobody else has edited, the oldest first, and what is to be said of others."""


ApprovalsOf = Callable[[Any], Approvals | None]

APPROVALS: dict[str, ApprovalsOf] = {
    "github": github.approvals_of,
    "gitlab": gitlab.approvals_of,
}
"""Name to what a platform's pull request tells of approvals; None where a run is for none."""


Annotate = Callable[..., str]

ANNOTATE: dict[str, Annotate] = {"bitbucket": bitbucket.annotate}
"""Name to what makes a commit show annotations: the platform, them, key, whether it passed and the headline.

GitHub and GitLab take them from what a job prints or leaves behind.
"""


def detect(environ: Mapping[str, str], overrides: Overrides) -> str | None:
    """Return the name of the platform that this job runs on, or that the command line means; None for neither."""
    # GitHub Actions sets "true", Azure Pipelines "True", Bitbucket a number.
    for name, (variable, _) in PLATFORMS.items():
        if environ.get(variable, "").lower() not in {"", "false"}:
            return name
    return "github" if overrides.repository or overrides.api_url else None
