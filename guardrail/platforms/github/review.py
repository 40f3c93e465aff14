"""Suggestions on GitHub: review comments of a pull request, by the REST calls that it documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guardrail.errors import NetworkError
from guardrail.http import StatusError
from guardrail.model.remedy import Suggestion
from guardrail.platforms.answer import text
from guardrail.platforms.github.api import GitHub, refused
from guardrail.platforms.review import Posted, Remark, lines_of, marked, remark, work

LIMIT = 20
"""Suggestions on one pull request. Each takes a request, and a review should stay readable; the comment has the others."""


def suggest(owner: GitHub, suggestions: Sequence[Suggestion], key: str) -> str:
    """Make the review show suggestions where the diff has their lines. Raises NotPostedError.

    Returns what is to be said of it, "" for nothing.
    """
    try:
        number = owner.pull()
        return _Review(owner, number).show(suggestions, key) if number else "no pull request belongs to this run"
    except NetworkError as error:
        raise refused(error, owner.context) from None


class _Review:
    """The review comments of one pull request."""

    def __init__(self, owner: GitHub, number: int) -> None:
        self.owner = owner
        self.base = f"{owner.base}/pulls/{number}"

    def show(self, suggestions: Sequence[Suggestion], key: str) -> str:
        data = self.owner.session.send("GET", self.base).json()
        head = text(data, "head", "sha").lower()
        # Line numbers are those of the commit that was checked; on another one they may be of other lines.
        if not self.owner.commit or head != self.owner.commit.lower():
            return f"a newer commit is being checked: {head[:12]}" if self.owner.commit else "the commit is not known"
        # What the diff shows of each file; GitHub leaves out the patch of large ones.
        files = {
            str(one["filename"]): lines_of(one["patch"])
            for one in (self._all("files") if suggestions else ())
            if isinstance(one.get("patch"), str) and "filename" in one
        }
        found = (remark(one, files[one.lines.file], key) for one in suggestions if one.lines.file in files)
        fitting = [one for one in found if one]
        todo = work(fitting[:LIMIT], self._there(key))
        for stale in todo.remove:
            try:
                self.owner.session.send("DELETE", f"{self.owner.base}/pulls/comments/{stale}")
            except StatusError as error:
                if error.status != 404:  # noqa: PLR2004 - gone already
                    raise
        for comment, body in todo.renew.items():
            self.owner.session.send("PATCH", f"{self.owner.base}/pulls/comments/{comment}", json={"body": body})
        refused_ones = [one for one in todo.post if not self._post(one, head)]
        left = len(suggestions) - len(fitting[:LIMIT]) + len(refused_ones)
        return f"{left:,} of {len(suggestions):,} edits are in the comment only" if left else ""

    def _there(self, key: str) -> list[Posted]:
        """Return our own comments with this key."""
        comments = self._all("comments")
        answered = {one.get("in_reply_to_id") for one in comments}
        ours: list[Posted] = []
        for one in comments:
            found = marked(str(one.get("body") or ""))
            user = one.get("user")
            author = user.get("login") if isinstance(user, dict) else None
            if found and found[0] == key and author == self.owner.login():
                place = (str(one.get("path")), one.get("line"), str(one.get("body")))
                ours.append(Posted(str(one["id"]), found[1], *place, has_replies=one["id"] in answered))
        return ours

    def _all(self, what: str) -> list[dict[str, Any]]:
        pages = (page.json() for page in self.owner.session.pages(f"{self.base}/{what}?per_page=100"))
        return [one for page in pages if isinstance(page, list) for one in page if isinstance(one, dict)]

    def _post(self, one: Remark, head: str) -> bool:
        """Post a comment, and return whether GitHub found its lines in the diff."""
        lines = {"line": one.last, "side": "RIGHT"}
        start = {"start_line": one.first, "start_side": "RIGHT"} if one.first < one.last else {}
        body = {"body": one.body, "commit_id": head, "path": one.path, **lines, **start}
        try:
            self.owner.session.send("POST", f"{self.base}/comments", json=body)
        except StatusError as error:
            if error.status != 422:  # noqa: PLR2004 - not processable
                raise
            return False
        return True
