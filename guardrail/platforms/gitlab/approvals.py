"""Approvals on GitLab: who approves a merge request, who has put a label there, and who is in a group."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct, field

from guardrail.errors import NetworkError
from guardrail.http import StatusError
from guardrail.model.approval import ApprovalSource, SignOff
from guardrail.platforms.answer import get, listed, text
from guardrail.platforms.comment import NotPostedError
from guardrail.platforms.gitlab.api import GitLab, refused

_NOT_FOUND = 404
_APPROVED = "approved this merge request"  # what GitLab's own note says


class GitLabApprovals(Struct, frozen=True):
    """What one merge request tells of approvals. `_ids` are those of users, by their names in small letters."""

    owner: GitLab
    _ids: dict[str, int] = field(default_factory=dict)

    needs_key = True
    """GitLab does not tell who has edited a note, and maintainers may edit those of others."""

    @property
    def about(self) -> str:
        """The merge request, as no other is called."""
        return f"{self.owner.project}!{self.owner.merge_request}"

    @property
    def _base(self) -> str:
        return f"projects/{self.owner.project}/merge_requests/{self.owner.merge_request}"

    def sign_offs(self, label: str) -> list[SignOff]:
        """Return the approvals that hold, and the label if somebody has put it there. Raises NotPostedError.

        None is the author's. GitLab does not tell which commit an approval is of: it is of what was told before it.
        """
        try:
            author = text(self.owner.session.send("GET", self._base).json(), "author", "username")
            found = [*self._approvals(), *(self._labels(label) if label else ())]
        except NetworkError as error:
            raise refused(error) from None
        return [one for one in found if one.by.lower() != author.lower()]

    def _approvals(self) -> Iterator[SignOff]:
        said = self.owner.session.send("GET", f"{self._base}/approvals").json()
        approved = listed(get(said, "approved_by"))
        # Older servers do not tell when; their own notes do.
        moments = {} if all(text(one, "approved_at") for one in approved) else self._moments()
        for one in approved:
            by, number = text(one, "user", "username"), get(one, "user", "id")
            at = _moment(text(one, "approved_at")) or moments.get(number)
            if by and at and isinstance(number, int):
                self._ids[by.lower()] = number
                yield SignOff(by, at, ApprovalSource.REVIEW)

    def _moments(self) -> dict[Any, datetime]:
        """Return when each user has approved last, by id."""
        notes = self.owner.all_pages(f"{self._base}/notes?sort=asc&order_by=created_at")
        own = (note for note in notes if note.get("system") is True and text(note, "body") == _APPROVED)
        return {get(note, "author", "id"): at for note in own if (at := _moment(text(note, "created_at")))}

    def _labels(self, label: str) -> Iterator[SignOff]:
        """Give who has put a label there last, unless it was taken away since."""
        last: SignOff | None = None
        for event in self.owner.all_pages(f"{self._base}/resource_label_events"):
            if text(event, "label", "name") != label:
                continue
            by, at, number = (
                text(event, "user", "username"),
                _moment(text(event, "created_at")),
                get(event, "user", "id"),
            )
            is_there = text(event, "action") == "add" and by and at and isinstance(number, int)
            last = SignOff(by, at, ApprovalSource.LABEL) if is_there and at else None
            if is_there:
                self._ids[by.lower()] = number
        if last:
            yield last

    def is_member(self, team: str, user: str) -> bool:
        """Say whether a user is in a group, or in one above it. Raises NotPostedError."""
        path, number = f"groups/{quote(team, safe='')}", self._ids.get(user.lower())
        if number is None:
            return False
        try:
            data = self.owner.session.send("GET", f"{path}/members/all/{number}").json()
        except StatusError as error:
            if error.status != _NOT_FOUND:
                raise _unreadable(team, error) from None
        except NetworkError as error:
            raise _unreadable(team, error) from None
        else:
            return text(data, "state") == "active"
        # GitLab answers 404 for no member, and for a group that the token may not see.
        try:
            self.owner.session.send("GET", path)
        except NetworkError as error:
            raise _unreadable(team, error) from None
        return False

    def comments(self, key: str) -> tuple[list[str], str]:
        """Return our notes with this key, the oldest first. Raises NotPostedError."""
        try:
            return [one.body for one in self.owner.own_notes(key)], ""
        except NetworkError as error:
            raise refused(error) from None


def approvals_of(owner: GitLab) -> GitLabApprovals | None:
    """Return what the merge request of a job tells of approvals; None where there is none."""
    return GitLabApprovals(owner) if owner.merge_request else None


def _unreadable(team: str, error: NetworkError) -> NotPostedError:
    fix = "list its `members` in guardrail.yaml, or let the token's user see the group"
    return NotPostedError(f"the team {team} cannot be read: {error.what}", where=error.where, fix=fix)


def _moment(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo else None
