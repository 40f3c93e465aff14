"""Approvals on GitHub: reviews and labels of a pull request, who is in a team, and what our own comment has told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from guardrail.errors import NetworkError
from guardrail.http import StatusError
from guardrail.model.approval import ApprovalSource, SignOff
from guardrail.platforms.answer import listed, text
from guardrail.platforms.comment import Existing, NotPostedError
from guardrail.platforms.github.api import GitHub, refused

_EDITS = (
    "query($ids:[ID!]!){viewer{login} nodes(ids:$ids){... on IssueComment{id lastEditedAt editor{__typename login}}}}"
)
_BOT = "[bot]"
_NOT_FOUND = 404
_TEAMS_FIX = (
    "list its `members` in guardrail.yaml, or pass a token that may read the members of the organization in GUARDRAIL_GITHUB_TOKEN "
    "(the workflow's own cannot)"
)


class GitHubApprovals(Struct, frozen=True):
    """What one pull request tells of approvals."""

    owner: GitHub
    number: int

    needs_key = False

    @property
    def about(self) -> str:
        """The pull request, as no other is called."""
        return f"{self.owner.context.repository.lower()}#{self.number}"

    def sign_offs(self, label: str) -> list[SignOff]:
        """Return the approving reviews that hold, and the label if somebody has put it there. Raises NotPostedError.

        None is the author's. A review that is dismissed does not hold, nor does one before a later request for changes by the same user.
        """
        try:
            author = text(
                self.owner.session.send("GET", f"{self.owner.base}/pulls/{self.number}").json(), "user", "login"
            )
            found = [*self._reviews(), *(self._labels(label) if label else ())]
        except NetworkError as error:
            raise refused(error, self.owner.context, permission="pull-requests: read") from None
        return [one for one in found if one.by.lower() != author.lower()]

    def _reviews(self) -> list[SignOff]:
        """Return the reviews that hold, the oldest first, as GitHub lists them."""
        held: dict[str, list[SignOff]] = {}
        for page in self.owner.session.pages(f"{self.owner.base}/pulls/{self.number}/reviews?per_page=100"):
            for data in listed(page.json()):
                by, at, state = text(data, "user", "login"), _moment(text(data, "submitted_at")), text(data, "state")
                of_user = held.setdefault(by.lower(), [])
                if state == "APPROVED" and by and at:
                    commit, url = text(data, "commit_id").lower(), text(data, "html_url")
                    of_user.append(SignOff(by, at, ApprovalSource.REVIEW, commit, url))
                elif state in {"CHANGES_REQUESTED", "DISMISSED"}:
                    of_user.clear()
        # A review of no commit is one of which nothing tells what it is of.
        return [one for reviews in held.values() for one in reviews if one.commit]

    def _labels(self, label: str) -> Iterator[SignOff]:
        """Give who has put a label there last, unless it was taken away since."""
        last: SignOff | None = None
        for page in self.owner.session.pages(f"{self.owner.base}/issues/{self.number}/timeline?per_page=100"):
            for data in listed(page.json()):
                if text(data, "label", "name") != label:
                    continue
                if text(data, "event") == "unlabeled":
                    last = None
                elif text(data, "event") == "labeled":
                    by, at = text(data, "actor", "login"), _moment(text(data, "created_at"))
                    last = SignOff(by, at, ApprovalSource.LABEL) if by and at else None
        if last:
            yield last

    def is_member(self, team: str, user: str) -> bool:
        """Say whether a user is in a team of the repository's organization, or of the one that it names. Raises NotPostedError."""
        organization, _, slug = team.rpartition("/")
        organization = organization or self.owner.context.repository.partition("/")[0]
        path = f"{self.owner.context.api}/orgs/{quote(organization, safe='')}/teams/{quote(slug, safe='')}"
        try:
            data = self.owner.session.send("GET", f"{path}/memberships/{quote(user, safe='')}").json()
        except StatusError as error:
            if error.status != _NOT_FOUND:
                raise self._unreadable(team, error) from None
        except NetworkError as error:
            raise self._unreadable(team, error) from None
        else:
            return text(data, "state") == "active"
        # GitHub answers 404 for no member, and for a token that may not know.
        try:
            self.owner.session.send("GET", path)
        except NetworkError as error:
            raise self._unreadable(team, error) from None
        return False

    @staticmethod
    def _unreadable(team: str, error: NetworkError) -> NotPostedError:
        fix = _TEAMS_FIX if isinstance(error, StatusError) and error.status in {403, 404} else error.fix
        return NotPostedError(f"the team {team} cannot be read: {error.what}", where=error.where, fix=fix)

    def comments(self, key: str) -> tuple[list[str], str]:
        """Return our comments with this key that nobody else has edited, and what is to be said of others. Raises NotPostedError."""
        try:
            found = self.owner.own_comments(self.number, key)
            unedited = self._unedited(found) if found else []
        except NetworkError as error:
            raise refused(error, self.owner.context) from None
        edited = len(found) - len(unedited)
        said = (
            "somebody has edited guardrail's comment: what it told of amounts does not count any more" if edited else ""
        )
        return [one.body for one in unedited], said

    def _unedited(self, found: list[Existing]) -> list[Existing]:
        """Keep what nobody but us has edited: whoever may write to a repository may edit the comments of others."""
        data = self.owner.graphql(_EDITS, {"ids": [one.node for one in found]}, reads=True)
        me = text(data, "viewer", "login")
        nodes = {text(node, "id"): node for node in listed(data.get("nodes"))}
        return [one for one in found if me and one.node in nodes and _is_ours(nodes[one.node], me)]


def approvals_of(owner: GitHub) -> GitHubApprovals | None:
    """Return what the pull request of a run tells of approvals; None where there is none. Raises NotPostedError."""
    try:
        number = owner.pull()
    except NetworkError as error:
        raise refused(error, owner.context) from None
    return GitHubApprovals(owner, number) if number else None


def _is_ours(node: dict[str, object], me: str) -> bool:
    """Say whether a comment was last edited by us, or never. Bots are called without "[bot]" here."""
    if "lastEditedAt" not in node:
        return False
    if node["lastEditedAt"] is None:
        return True
    kind = "Bot" if me.endswith(_BOT) else "User"
    return text(node, "editor", "login") == me.removesuffix(_BOT) and text(node, "editor", "__typename") == kind


def _moment(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo else None
