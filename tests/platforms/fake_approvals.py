"""What the GitHub on this machine tells of approvals: reviews, the timeline with its labels, and teams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.http.scripted import Says, says

if TYPE_CHECKING:
    from tests.platforms.fake_github import FakeGitHub

FORBIDDEN = "Resource not accessible by integration"


@dataclass
class People:
    """Who does what on pull request 7 of octo/shop, which `author` has opened.

    teams     "org/slug" to its members, each "active" or "pending"
    readable  whether the token may know who is in a team
    """

    author: str = "ana"
    reviews: list[dict[str, Any]] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    teams: dict[str, dict[str, str]] = field(default_factory=dict)
    readable: bool = True

    def review(
        self, by: str | None, commit: str | None, *, at: datetime | None = None, state: str = "APPROVED"
    ) -> None:
        """Have somebody review a commit. A user that is deleted is null."""
        number = len(self.reviews) + 1
        one = {
            "id": number,
            "user": {"login": by} if by else None,
            "state": state,
            "commit_id": commit,
            "html_url": f"https://github.com/octo/shop/pull/7#pullrequestreview-{number}",
        }
        self.reviews.append(one if state == "PENDING" else {**one, "submitted_at": stamp(at)})

    def label(self, by: str, name: str, *, at: datetime | None = None, event: str = "labeled") -> None:
        """Have somebody put a label there, or take it away (`unlabeled`)."""
        number = len(self.timeline) + 1
        one = {"id": number, "event": event, "actor": {"login": by}, "created_at": stamp(at), "label": {"name": name}}
        self.timeline.append(one)

    def push(self) -> None:
        """Put an event there that is about no label."""
        number = len(self.timeline) + 1
        self.timeline.append({"id": number, "event": "mentioned", "actor": {"login": "ana"}, "created_at": stamp(None)})


def stamp(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _reviews(fake: FakeGitHub, query: dict[str, str], _number: str) -> Says:
    return fake.paged(fake.people.reviews, query, "pulls/7/reviews")


def _timeline(fake: FakeGitHub, query: dict[str, str], _number: str) -> Says:
    return fake.paged(fake.people.timeline, query, "issues/7/timeline")


def _membership(fake: FakeGitHub, _query: dict[str, str], organization: str, team: str, user: str) -> Says:
    """GitHub answers 404 to a token that may not know, as it does for who is no member; names are told apart in lower case."""
    members = fake.people.teams.get(f"{organization}/{team}", {}) if fake.people.readable else {}
    states = {name.lower(): state for name, state in members.items()}
    if user.lower() not in states:
        return says(404, {"message": "Not Found"})
    return says(200, {"state": states[user.lower()], "role": "member"})


def _team(fake: FakeGitHub, _query: dict[str, str], organization: str, team: str) -> Says:
    if not fake.people.readable or f"{organization}/{team}" not in fake.people.teams:
        return says(404, {"message": "Not Found"})
    return says(200, {"slug": team})


ROUTES: dict[tuple[str, str], Callable[..., Says]] = {
    ("GET", r"/repos/octo/shop/pulls/(\d+)/reviews"): _reviews,
    ("GET", r"/repos/octo/shop/issues/(\d+)/timeline"): _timeline,
    ("GET", r"/orgs/([\w-]+)/teams/([\w-]+)/memberships/([\w-]+)"): _membership,
    ("GET", r"/orgs/([\w-]+)/teams/([\w-]+)"): _team,
}
