"""GitLab: notes on a merge request and the status of a commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from guardrail.errors import NetworkError
from guardrail.http import Deadline, Session, StatusError
from guardrail.platforms.answer import get, listed, text
from guardrail.platforms.comment import Comment, Existing, Mode, NotPostedError, Outcome, Posted, marker_of, upsert
from guardrail.platforms.context import Overrides

NOTE_LIMIT = 990_000
"""Bytes of a note: GitLab takes 1,000,000 characters."""

_TOKEN_FIX = "set GITLAB_TOKEN to a project access token with the scope `api` and a role above Guest"  # noqa: S105 - words
_STATES = {"success": "success", "failure": "failed", "error": "failed"}
_DESCRIPTION = 255  # characters


class GitLab(Struct):
    """One project on GitLab, as this job may speak to it. `merge_request` is "" outside of one."""

    session: Session
    project: str
    merge_request: str
    commit: str
    run: str
    run_url: str

    def comment(self, comment: Comment, mode: Mode, *, first: bool) -> Posted:
        """Make the merge request show a report. Raises NotPostedError."""
        if not self.merge_request:
            return Posted(Outcome.SKIPPED, note="no merge request belongs to this pipeline")
        if mode is Mode.HIDE_AND_NEW:
            raise NotPostedError("GitLab cannot hide a note", fix="use --comment-mode update or delete-and-new")
        return upsert(_Notes(self), comment, mode, first=first)

    def status(self, state: str, description: str, *, name: str) -> None:
        """Set the commit's status. Raises NotPostedError."""
        body = {
            "state": _STATES[state],
            "name": name,
            "description": description[:_DESCRIPTION],
            "target_url": self.run_url,
        }
        try:
            self.session.send("POST", f"projects/{self.project}/statuses/{self.commit}", json=body)
        except NetworkError as error:
            raise refused(error) from None

    def own_notes(self, key: str) -> list[Existing]:
        """Return our notes on the merge request with a key, the oldest first. Raises NetworkError."""
        return _Notes(self).find(key)

    def all_pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Give every object of a list, page by page. Raises NetworkError."""
        page = "1"
        while page:
            joint = "&" if "?" in path else "?"
            response = self.session.send("GET", f"{path}{joint}per_page=100&page={page}")
            yield from listed(response.json())
            page = response.headers.get("x-next-page", "")


class _Notes:
    """One merge request's notes."""

    limit = NOTE_LIMIT

    def __init__(self, owner: GitLab) -> None:
        self.session = owner.session
        self.base = f"projects/{owner.project}/merge_requests/{owner.merge_request}"

    def find(self, key: str, *, since: str = "") -> list[Existing]:
        """Return our notes with this key. Notes have no filter by time: with `since`, the hundred newest are looked at."""
        found, page = [], "1"
        order = "desc" if since else "asc"
        while page:
            query = f"per_page=100&sort={order}&order_by=created_at&page={page}"
            response = self.session.send("GET", f"{self.base}/notes?{query}")
            for note in listed(response.json()):
                # System notes quote what people write, such as a title.
                marker = None if note.get("system") else marker_of(text(note, "body"))
                if marker and marker.key == key:
                    found.append(note)
            page = "" if since else response.headers.get("x-next-page", "")
        me = get(self.session.send("GET", "user").json(), "id") if found else None
        ours = [_existing(one) for one in found if get(one, "author", "id") == me]
        return ours[::-1] if since else ours

    def head(self) -> str:
        return text(self.session.send("GET", self.base).json(), "sha")

    def create(self, body: str) -> Existing:
        return _existing(self.session.send("POST", f"{self.base}/notes", json={"body": body}).json())

    def update(self, existing: Existing, body: str) -> Existing | None:
        try:
            return _existing(self.session.send("PUT", f"{self.base}/notes/{existing.id}", json={"body": body}).json())
        except StatusError as error:
            if error.status == 404:  # noqa: PLR2004 - not found
                return None
            raise

    def retire(self, gone: Sequence[Existing], *, delete: bool) -> None:
        for one in gone if delete else ():
            try:
                self.session.send("DELETE", f"{self.base}/notes/{one.id}")
            except NetworkError:
                return  # the report itself is posted; a leftover goes with the next run

    def too_long(self, error: StatusError) -> bool:
        return error.status in {400, 413} and (error.status == 413 or b"too long" in error.response.body)  # noqa: PLR2004

    def refused(self, error: NetworkError) -> NotPostedError:
        return refused(error)


def connect(environ: Mapping[str, str], overrides: Overrides, deadline: Deadline) -> GitLab:
    """Return GitLab as this job may speak to it. Raises NotPostedError without a token.

    The project is the merge request's own: in a pipeline of a fork, CI_PROJECT_ID is the fork.
    """
    token = environ.get("GITLAB_TOKEN", "")
    if not token:
        raise NotPostedError("there is no token for GitLab (a job's own token cannot write notes)", fix=_TOKEN_FIX)
    # CI_JOB_TOKEN cannot write notes, so there is no token that a job has by itself.
    api = environ.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
    session = Session(
        f"{api.rstrip('/')}/",
        secrets={"PRIVATE-TOKEN": token},
        ca_bundle=overrides.ca_bundle,
        deadline=deadline,
    )
    return GitLab(
        session,
        project=environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID", ""),
        merge_request=str(overrides.number or environ.get("CI_MERGE_REQUEST_IID", "")),
        # In a pipeline of merged results, CI_COMMIT_SHA is the merge; the other one is empty in all others.
        commit=overrides.commit
        or environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
        or environ.get("CI_COMMIT_SHA", ""),
        run=environ.get("CI_JOB_ID", ""),
        run_url=environ.get("CI_JOB_URL", ""),
    )


def refused(error: NetworkError) -> NotPostedError:
    """Return what GitLab's refusal means: it answers 401 to a job's token, and 404 to a guest."""
    refusal = isinstance(error, StatusError) and error.status in {401, 403, 404}
    return NotPostedError(error.what, where=error.where, fix=_TOKEN_FIX if refusal else error.fix)


def _existing(data: Any) -> Existing:
    if not isinstance(data, dict) or "id" not in data:
        raise NetworkError("the answer is not a note")
    return Existing(str(data["id"]), str(data.get("body") or ""), created=str(data.get("created_at") or ""))
