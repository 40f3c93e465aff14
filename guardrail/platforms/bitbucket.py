"""Bitbucket Cloud: a comment on a pull request, the build status of a commit, and a report with annotations."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from guardrail.errors import NetworkError
from guardrail.http import Deadline, Session, StatusError
from guardrail.http.response import origin
from guardrail.platforms.annotation import Annotation, Severity
from guardrail.platforms.answer import get, listed, text
from guardrail.platforms.comment import Comment, Existing, Mode, NotPostedError, Outcome, Posted, marker_of, upsert
from guardrail.platforms.context import Overrides

COMMENT_LIMIT = 32_000
"""Bytes of a comment: Bitbucket takes 32,768 characters."""
API = "https://api.bitbucket.org/2.0"
_WEB = "https://bitbucket.org"
_FIX = "set BITBUCKET_TOKEN to a repository access token with the scopes `pullrequest:write` and `repository:write`"
_STATES = {"success": "SUCCESSFUL", "failure": "FAILED", "error": "FAILED"}
_KEY = 40  # characters of a status's key
_DESCRIPTION = 255
_SUMMARY, _DETAILS = 450, 2_000  # characters of an annotation's texts
_ANNOTATIONS = 100  # that one request may bring


class Bitbucket(Struct):
    """One repository on Bitbucket Cloud, as this step may speak to it. `number` is "" outside of a pull request."""

    session: Session
    repository: str
    number: str
    commit: str
    run: str
    run_url: str

    @property
    def base(self) -> str:
        """The path of the repository."""
        return f"repositories/{quote(self.repository)}"

    def comment(self, comment: Comment, mode: Mode, *, first: bool) -> Posted:
        """Make the pull request show a report. Raises NotPostedError."""
        if not self.number:
            return Posted(Outcome.SKIPPED, note="no pull request belongs to this pipeline")
        if mode is Mode.HIDE_AND_NEW:
            raise NotPostedError("Bitbucket cannot hide a comment", fix="use --comment-mode update or delete-and-new")
        return upsert(_Comments(self), comment, mode, first=first)

    def status(self, state: str, description: str, *, name: str) -> None:
        """Set the build status of the commit; one of the same name is replaced. Raises NotPostedError."""
        body = {
            "key": name[:_KEY],
            "name": name,
            "state": _STATES[state],
            "description": description[:_DESCRIPTION],
            "url": self.run_url,
        }
        try:
            self.session.send("POST", f"{self.base}/commit/{self.commit}/statuses/build", json=body)
        except NetworkError as error:
            raise _refused(error) from None


def annotate(platform: Bitbucket, annotations: Sequence[Annotation], *, key: str, passed: bool, headline: str) -> str:
    """Make the commit show a report with annotations, in place of an earlier one with this key.

    Returns what is to be said of those that found no place. Raises NotPostedError.
    """
    place = f"{platform.base}/commit/{platform.commit}/reports/guardrail-{quote(key, safe='')}"
    report = {
        "title": "guardrail",
        "details": headline[:_DETAILS],
        "report_type": "TEST",
        "reporter": "guardrail",
        "result": "PASSED" if passed else "FAILED",
        "link": platform.run_url,
    }
    try:
        # A report that is written again keeps its old annotations, so it is taken away first.
        _delete(platform.session, place)
        platform.session.send("PUT", place, json=report)
        if shown := [_annotation(number, one) for number, one in enumerate(annotations[:_ANNOTATIONS], 1)]:
            platform.session.send("POST", f"{place}/annotations", json=shown)
    except NetworkError as error:
        raise _refused(error) from None
    left = len(annotations) - _ANNOTATIONS
    return f"{left:,} more than the {_ANNOTATIONS} that are shown" if left > 0 else ""


class _Comments:
    """One pull request's comments."""

    limit = COMMENT_LIMIT

    def __init__(self, owner: Bitbucket) -> None:
        self.owner = owner
        self.session = owner.session
        self.base = f"{owner.base}/pullrequests/{owner.number}"

    def find(self, key: str, *, since: str = "") -> list[Existing]:
        """All pages are read: their order is told, but not how many there are."""
        found = []
        for data in self._all():
            # Deleted comments stay in the list.
            marker = None if data.get("deleted") else marker_of(text(data, "content", "raw"))
            if marker and marker.key == key and text(data, "created_on") >= since:
                found.append(data)
        me = self._whoami() if found else None
        return [_existing(one) for one in found if _is_ours(one, me)]

    def _all(self) -> Iterator[dict[str, Any]]:
        following: Any = f"{self.base}/comments?pagelen=100"
        seen: set[str] = set()
        while isinstance(following, str) and following not in seen:
            seen.add(following)
            response = self.session.send("GET", following)
            data = response.json()
            yield from listed(get(data, "values"))
            following = get(data, "next")
            # It would be asked with the token.
            if isinstance(following, str) and origin(following) != origin(response.url):
                raise NetworkError("the next page is on another host", where=self.base)

    def _whoami(self) -> str | None:
        """Return the id of the token's user; None for an access token, which has no user and may not ask."""
        try:
            return text(self.session.send("GET", "user").json(), "uuid") or None
        except StatusError as error:
            if error.status in {401, 403, 404}:
                return None
            raise

    def head(self) -> str:
        """The pull request tells its commit by the first twelve digits."""
        sha = text(self.session.send("GET", self.base).json(), "source", "commit", "hash")
        return self.owner.commit if sha and self.owner.commit.startswith(sha) else sha

    def create(self, body: str) -> Existing:
        return _existing(self.session.send("POST", f"{self.base}/comments", json={"content": {"raw": body}}).json())

    def update(self, existing: Existing, body: str) -> Existing | None:
        """None as well for a comment that belongs to another one than the token: it is left as it is."""
        place = f"{self.base}/comments/{existing.id}"
        try:
            return _existing(self.session.send("PUT", place, json={"content": {"raw": body}}).json())
        except StatusError as error:
            if error.status in {403, 404}:
                return None
            raise

    def retire(self, gone: Sequence[Existing], *, delete: bool) -> None:
        for one in gone if delete else ():
            try:
                _delete(self.session, f"{self.base}/comments/{one.id}")
            except NetworkError:
                return  # the report itself is posted; a leftover goes with the next run

    def too_long(self, error: StatusError) -> bool:
        """No error of its own is documented for a body that is too long."""
        return error.status in {400, 413}

    def refused(self, error: NetworkError) -> NotPostedError:
        return _refused(error)


def connect(environ: Mapping[str, str], overrides: Overrides, deadline: Deadline) -> Bitbucket:
    """Return Bitbucket as this step may speak to it. Raises NotPostedError without a token."""
    token, email = environ.get("BITBUCKET_TOKEN", ""), environ.get("BITBUCKET_EMAIL", "")
    if not token:
        raise NotPostedError("there is no token for Bitbucket", fix=_FIX)
    # A user's API token goes with the user's address; an access token of a repository is a bearer's.
    basic = base64.b64encode(f"{email}:{token}".encode()).decode()
    session = Session(
        f"{API}/",
        secrets={"Authorization": f"Basic {basic}" if email else f"Bearer {token}"},
        ca_bundle=overrides.ca_bundle,
        deadline=deadline,
    )
    repository = overrides.repository or environ.get("BITBUCKET_REPO_FULL_NAME", "")
    run = environ.get("BITBUCKET_BUILD_NUMBER", "")
    return Bitbucket(
        session,
        repository=repository,
        number=str(overrides.number or environ.get("BITBUCKET_PR_ID", "")),
        commit=overrides.commit or environ.get("BITBUCKET_COMMIT", ""),
        run=f"{run}.{environ.get('BITBUCKET_STEP_RUN_NUMBER', '1')}" if run else "",
        run_url=run_url(environ, repository),
    )


def run_url(environ: Mapping[str, str], repository: str = "") -> str:
    """Return where the pipeline is shown, else the repository."""
    run = environ.get("BITBUCKET_BUILD_NUMBER", "")
    place = f"{_WEB}/{quote(repository or environ.get('BITBUCKET_REPO_FULL_NAME', ''))}"
    return f"{place}/pipelines/results/{run}" if run else place


def _refused(error: NetworkError) -> NotPostedError:
    refusal = isinstance(error, StatusError) and error.status in {401, 403, 404}
    return NotPostedError(error.what, where=error.where, fix=_FIX if refusal else error.fix)


def _delete(session: Session, place: str) -> None:
    try:
        session.send("DELETE", place)
    except StatusError as error:
        if error.status != 404:  # noqa: PLR2004 - gone already
            raise


def _annotation(number: int, one: Annotation) -> dict[str, Any]:
    place = {"path": one.path, "line": one.line} if one.path else {}
    return {
        "external_id": f"guardrail-{number}",
        "annotation_type": "CODE_SMELL",
        "result": "FAILED" if one.severity is Severity.HIGH else "PASSED",
        "severity": one.severity,
        "summary": one.summary[:_SUMMARY],
        "details": one.details[:_DETAILS],
        **place,
    }


def _is_ours(data: Mapping[str, Any], me: str | None) -> bool:
    """Return whether we have written a comment. Who does not know who it is takes those that no person has written."""
    if me:
        return text(data, "user", "uuid") == me
    return text(data, "user", "type") not in {"", "user"}


def _existing(data: Any) -> Existing:
    if not isinstance(data, dict) or "id" not in data:
        raise NetworkError("the answer is not a comment")
    body, url = text(data, "content", "raw"), text(data, "links", "html", "href")
    return Existing(str(data["id"]), body, url, text(data, "created_on"))
