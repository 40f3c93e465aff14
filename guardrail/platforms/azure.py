"""Azure DevOps: a thread on a pull request, which is open while the report blocks."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from guardrail.errors import NetworkError
from guardrail.http import Deadline, Session, StatusError
from guardrail.platforms.answer import get, listed, text
from guardrail.platforms.comment import Comment, Existing, Mode, NotPostedError, Outcome, Posted, marker_of, upsert
from guardrail.platforms.context import Overrides

THREAD_LIMIT = 140_000
"""Bytes of a comment: Azure DevOps takes 150,000 characters."""

_VERSION = "api-version=7.1"
_FIX = (
    "give the Build Service the permission `Contribute to pull requests`, and map SYSTEM_ACCESSTOKEN in the step's env"
)
_STATES = {"success": "succeeded", "failure": "failed", "error": "error"}


class Azure(Struct):
    """One repository on Azure DevOps, as this pipeline may speak to it. `number` is "" outside of a pull request."""

    session: Session
    number: str
    commit: str
    run: str
    run_url: str

    def comment(self, comment: Comment, mode: Mode, *, first: bool) -> Posted:
        """Make the pull request show a report. Raises NotPostedError."""
        if not self.number:
            return Posted(Outcome.SKIPPED, note="no pull request belongs to this pipeline")
        if mode is Mode.HIDE_AND_NEW:
            raise NotPostedError(
                "Azure DevOps cannot hide a comment", fix="use --comment-mode update or delete-and-new"
            )
        return upsert(_Threads(self, blocking=comment.blocking), comment, mode, first=first)

    def status(self, state: str, description: str, *, name: str) -> None:
        """Set the commit's status. Raises NotPostedError."""
        body = {"state": _STATES[state], "description": description, "context": {"name": name, "genre": "guardrail"}}
        try:
            self.session.send(
                "POST", f"commits/{self.commit}/statuses?{_VERSION}", json={**body, "targetUrl": self.run_url}
            )
        except NetworkError as error:
            raise _refused(error) from None


class _Threads:
    """One pull request's threads. The id of ours is "thread/comment"."""

    limit = THREAD_LIMIT

    def __init__(self, owner: Azure, *, blocking: bool) -> None:
        self.session = owner.session
        self.base = f"pullRequests/{owner.number}"
        self.state = "active" if blocking else "closed"

    def find(self, key: str, *, since: str = "") -> list[Existing]:
        """Threads come all at once, and tell who we are by whether they can be changed: `since` filters nothing."""
        del since
        found = []
        for thread in listed(get(self.session.send("GET", f"{self.base}/threads?{_VERSION}").json(), "value")):
            for data in listed(thread.get("comments"))[:1]:
                marker = None if data.get("isDeleted") else marker_of(str(data.get("content") or ""))
                if marker and marker.key == key:
                    found.append((_existing(thread, data), get(data, "author", "id")))
        if not found:
            return []
        # Only the collection, two levels above the repository, says who we are.
        collection = self.session.base.partition("/_apis/")[0].rpartition("/")[0]
        data = self.session.send("GET", f"{collection}/_apis/connectionData").json()
        me = get(data, "authenticatedUser", "id")
        return [one for one, author in found if author == me]

    def head(self) -> str:
        data = self.session.send("GET", f"{self.base}?{_VERSION}").json()
        return text(data, "lastMergeSourceCommit", "commitId")

    def create(self, body: str) -> Existing:
        data = {"comments": [{"parentCommentId": 0, "content": body, "commentType": "text"}], "status": self.state}
        thread = self.session.send("POST", f"{self.base}/threads?{_VERSION}", json=data).json()
        comments = listed(get(thread, "comments"))
        if not comments:
            raise NetworkError("the answer is not a thread", where=self.base)
        return _existing(thread, comments[0])

    def update(self, existing: Existing, body: str) -> Existing | None:
        thread, _, comment = existing.id.partition("/")
        try:
            place = f"{self.base}/threads/{thread}"
            self.session.send("PATCH", f"{place}/comments/{comment}?{_VERSION}", json={"content": body})
            self.session.send("PATCH", f"{place}?{_VERSION}", json={"status": self.state})
        except StatusError as error:
            if error.status == 404:  # noqa: PLR2004 - not found
                return None
            raise
        return existing

    def retire(self, gone: Sequence[Existing], *, delete: bool) -> None:
        for one in gone if delete else ():
            thread, _, comment = one.id.partition("/")
            try:
                self.session.send("DELETE", f"{self.base}/threads/{thread}/comments/{comment}?{_VERSION}")
            except NetworkError:
                return  # the report itself is posted; a leftover goes with the next run

    def too_long(self, error: StatusError) -> bool:
        return error.status == 400 and b"too long" in error.response.body.lower()  # noqa: PLR2004 - refused

    def refused(self, error: NetworkError) -> NotPostedError:
        return _refused(error)


def connect(environ: Mapping[str, str], overrides: Overrides, deadline: Deadline) -> Azure:
    """Return Azure DevOps as this pipeline may speak to it. Raises NotPostedError without a token."""
    # The pipeline's token is a bearer's; a personal one is the password of nobody.
    token, personal = environ.get("SYSTEM_ACCESSTOKEN", ""), environ.get("AZURE_DEVOPS_PAT", "")
    if not token and not personal:
        raise NotPostedError("there is no token for Azure DevOps", fix=_FIX)
    basic = base64.b64encode(f":{personal}".encode()).decode()
    session = Session(
        f"{_project(environ)}/_apis/git/repositories/{quote(environ.get('BUILD_REPOSITORY_ID', ''))}/",
        secrets={"Authorization": f"Bearer {token}" if token else f"Basic {basic}"},
        ca_bundle=overrides.ca_bundle,
        deadline=deadline,
    )
    run = environ.get("BUILD_BUILDID", "")
    return Azure(
        session,
        number=str(overrides.number or environ.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")),
        commit=overrides.commit
        or environ.get("SYSTEM_PULLREQUEST_SOURCECOMMITID", "")
        or environ.get("BUILD_SOURCEVERSION", ""),
        run=f"{run}.{environ.get('SYSTEM_JOBATTEMPT', '1')}" if run else "",
        run_url=run_url(environ),
    )


def run_url(environ: Mapping[str, str]) -> str:
    """Return where the pipeline's run is shown, "" outside of one."""
    run = environ.get("BUILD_BUILDID", "")
    return f"{_project(environ)}/_build/results?buildId={run}" if run else ""


def _project(environ: Mapping[str, str]) -> str:
    """Return the address of the project, where runs are shown and its interface is."""
    parts = urlsplit(environ.get("SYSTEM_COLLECTIONURI", "https://dev.azure.com/"))
    # An address with a name before its host (https://acme@dev.azure.com/) is refused with 401.
    collection = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/")
    return f"{collection}/{quote(environ.get('SYSTEM_TEAMPROJECT', ''))}"


def _refused(error: NetworkError) -> NotPostedError:
    # 203 comes with the page for logging in, to a token that is not valid.
    refusal = isinstance(error, StatusError) and error.status in {203, 401, 403, 404}
    return NotPostedError(error.what, where=error.where, fix=_FIX if refusal else error.fix)


def _existing(thread: Mapping[str, Any], data: Mapping[str, Any]) -> Existing:
    return Existing(f"{thread.get('id')}/{data.get('id')}", str(data.get("content") or ""))
