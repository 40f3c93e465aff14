"""The one comment that a report has: how it is recognised, and when it is written, renewed or left alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from urllib.parse import quote, unquote

from msgspec import Struct

from guardrail.errors import DeliveryError, NetworkError
from guardrail.http import StatusError, UnansweredError

Written = TypeVar("Written")

SCHEMA = "1"
KEY_LIMIT = 100
"""Characters of a key. Percent-encoded, each takes up to twelve of the 1,200 that a marker's field is read with."""

_FIELDS = ("key", "sha", "run", "at", "schema")
_MARKER = re.compile(
    r"(?:<!-- |\[//\]: # \()guardrail-report "
    + " ".join(rf'{name}="([^"\s]{{0,1200}})"' for name in _FIELDS)
    + r"(?: -->|\))"
)
_SERVER_ERROR = 500
_CLEARED = 2  # leftovers taken away in one run, so that a delivery stays within its number of calls


class Mode(StrEnum):
    """What happens to the comment of an earlier run."""

    UPDATE = "update"
    NEW = "new"
    HIDE_AND_NEW = "hide-and-new"
    DELETE_AND_NEW = "delete-and-new"


class Marker(Struct, frozen=True):
    """The comment's first line, which is not shown: whose report it is, of which commit, by which run, and when.

    Values are percent-encoded, so that no key can end the line or look like another one.
    """

    key: str
    sha: str
    run: str
    at: datetime

    def line(self, *, html: bool = True) -> str:
        """Return the line in ASCII: an HTML comment, or a link definition that no text uses, where HTML is shown."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        values = (self.key, self.sha, self.run, at, SCHEMA)
        # "--" may not stand in a comment of HTML, and `quote` leaves it alone.
        encoded = [quote(value, safe=":+").replace("--", "%2D%2D") for value in values]
        fields = " ".join(f'{name}="{value}"' for name, value in zip(_FIELDS, encoded, strict=True))
        return f"<!-- guardrail-report {fields} -->" if html else f"[//]: # (guardrail-report {fields})"


class Comment(Struct, frozen=True):
    """What is to be said. `render` returns the body in at most so many bytes of UTF-8; `blocking`: it stops the change.

    `last`: the line that ends it and is not shown.
    `html`: the place that shows it knows HTML in Markdown. Where it does not, the body has to do without, too.
    """

    marker: Marker
    render: Callable[[int], str]
    blocking: bool = False
    html: bool = True
    last: str = ""

    def text(self, limit: int) -> str:
        """Return marker and body in at most `limit` bytes."""
        head = f"{self.marker.line(html=self.html)}\n" + ("" if self.html else "\n")
        last = f"\n{self.last}\n" if self.last else ""
        return f"{head}{self.render(limit - len(head.encode()) - len(last))}{last}"


class Existing(Struct, frozen=True):
    """A comment of ours that is there. `node` is its id for calls that hide it; `etag` what an update must name."""

    id: str
    body: str
    url: str = ""
    created: str = ""
    node: str = ""
    etag: str = ""

    @property
    def marker(self) -> Marker | None:
        """The marker in its first line."""
        return marker_of(self.body)


class Outcome(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    WITHHELD = "withheld"  # nothing that was asked to be reported, and no comment to renew
    STALE = "stale"  # a newer report is there, or on its way
    SKIPPED = "skipped"  # there is no pull request to comment on


class Posted(Struct, frozen=True):
    """What became of the comment, and where it is if it is there."""

    outcome: Outcome
    url: str = ""
    id: str = ""
    note: str = ""

    @property
    def there(self) -> bool:
        """Whether the pull request shows this report."""
        return self.outcome in {Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED}


class NotPostedError(DeliveryError):
    """A comment or a status could not be posted. `expected`: nobody did anything wrong (a fork's token, a lock)."""

    def __init__(self, what: str, *, where: str = "", fix: str = "", expected: bool = False) -> None:
        super().__init__(what, where=where, fix=fix)
        self.expected = expected


class Thread(Protocol):
    """The conversation of one pull request, as a platform keeps it. Calls raise NetworkError."""

    limit: int
    """bytes that a comment may have"""

    def find(self, key: str, *, since: str = "") -> list[Existing]:
        """Return our own comments with this key that are not hidden, oldest first; `since` a time: newer ones only."""

    def head(self) -> str:
        """Return the commit that the pull request now stands at."""

    def create(self, body: str) -> Existing:
        """Post a comment."""

    def update(self, existing: Existing, body: str) -> Existing | None:
        """Replace a comment's body; None if it is gone."""

    def retire(self, gone: Sequence[Existing], *, delete: bool) -> None:
        """Hide comments as outdated, or delete them; those that are gone already are no error."""

    def too_long(self, error: StatusError) -> bool:
        """Return whether a comment was refused for its length."""

    def refused(self, error: NetworkError) -> NotPostedError:
        """Return what to tell people when it came to nothing, and what they can do about it."""


def marker_of(body: str) -> Marker | None:
    """Return the marker that a body begins with. Anything that is not exactly one is none."""
    match = _MARKER.fullmatch(body.partition("\n")[0].rstrip("\r"))
    if match is None:
        return None
    key, sha, run, at, _schema = map(unquote, match.groups())
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return Marker(key, sha, run, moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def upsert(thread: Thread, comment: Comment, mode: Mode, *, first: bool) -> Posted:
    """Make the pull request show this report, once.

    `first`: whether to post where there is no comment yet; one that is there is renewed in any case, so that it never
    goes on saying what is no longer true. Nothing newer is overwritten, nor anything that is not ours.
    Raises NotPostedError.
    """
    try:
        return _upsert(thread, comment, mode, first=first)
    except NetworkError as error:
        raise thread.refused(error) from None


def _upsert(thread: Thread, comment: Comment, mode: Mode, *, first: bool) -> Posted:
    ours = thread.find(comment.marker.key)
    if not ours and not first:
        return Posted(Outcome.WITHHELD)
    head, marker = thread.head(), comment.marker
    if marker.sha and head and head != marker.sha:
        return Posted(Outcome.STALE, note=f"a newer commit is being checked: {head[:12]}")
    theirs = [found for one in ours if (found := one.marker)]
    if any(other.sha == marker.sha and other.at > marker.at for other in theirs):
        return Posted(Outcome.STALE, note="a newer report of this commit is there")
    # In the modes that post anew, an older comment is renewed only where nothing would be posted without it.
    if ours and (mode is Mode.UPDATE or not first):
        kept = ours[0] if mode is Mode.UPDATE else ours[-1]
        posted = _renew(thread, kept, comment)
        if mode is Mode.UPDATE:
            thread.retire(ours[1 : 1 + _CLEARED], delete=True)
        return posted
    created = _create(thread, comment)
    if mode is Mode.UPDATE:
        return _settle_race(thread, created, comment)
    if mode is not Mode.NEW:
        thread.retire(ours[-_CLEARED:], delete=mode is Mode.DELETE_AND_NEW)
    return Posted(Outcome.CREATED, created.url, created.id)


def _renew(thread: Thread, existing: Existing, comment: Comment) -> Posted:
    text = comment.text(thread.limit)
    # The marker has the time, which alone is no news: an edit would tell everybody who watches.
    if _without_marker(existing.body) == _without_marker(text):
        return Posted(Outcome.UNCHANGED, existing.url, existing.id)
    updated = _fitting(thread, comment, lambda body: thread.update(existing, body))
    if updated is None:
        updated = _create(thread, comment)
        return Posted(Outcome.CREATED, updated.url, updated.id)
    return Posted(Outcome.UPDATED, updated.url, updated.id)


def _create(thread: Thread, comment: Comment) -> Existing:
    """Post once. Where no answer came, look whether the comment is there before posting again."""
    try:
        return _fitting(thread, comment, thread.create)
    except NetworkError as error:
        unclear = isinstance(error, UnansweredError) or (
            isinstance(error, StatusError) and error.status >= _SERVER_ERROR
        )
        if not unclear:
            raise
    arrived = [one for one in thread.find(comment.marker.key) if one.marker == comment.marker]
    return arrived[0] if arrived else _fitting(thread, comment, thread.create)


def _settle_race(thread: Thread, created: Existing, comment: Comment) -> Posted:
    """Where another run has posted at the same moment, both keep the older comment and take away the other.

    Platforms have no call that creates a comment only if there is none, so each run looks again after its own.
    """
    rivals = thread.find(comment.marker.key, since=created.created)
    if not rivals or rivals[0].id == created.id:
        older = [one for one in rivals[1:] if one.marker and one.marker.at <= comment.marker.at]
        thread.retire(older[:_CLEARED], delete=True)
        return Posted(Outcome.CREATED, created.url, created.id)
    kept = _renew(thread, rivals[0], comment)
    thread.retire([created], delete=True)
    return kept


def _fitting(thread: Thread, comment: Comment, write: Callable[[str], Written]) -> Written:
    """Write the comment; where it is refused as too long, write half of it."""
    try:
        return write(comment.text(thread.limit))
    except StatusError as error:
        if not thread.too_long(error):
            raise
    return write(comment.text(thread.limit // 2))


def _without_marker(body: str) -> str:
    """Return what people see of a comment; platforms hand line ends back as \\r\\n."""
    return body.replace("\r\n", "\n").partition("\n")[2].strip()
