"""Renews tests/data/openapi/*.json: what the vendors' own descriptions say of the calls that guardrail makes.

The fakes of the platforms were written beside the clients, so both could share a mistake. The tests hold each request
and each answer of a fake against these excerpts. FOLDER holds the descriptions as their vendors publish them, and sources.json,
which tells `source` and `read` (the day) of each:

    github.json     generated/api.github.com.json of npm's @octokit/openapi
    gitlab.yaml     doc/api/openapi/openapi_v3.yaml of gitlab-org/gitlab
    azure.json      specification/git/7.1/git.json of MicrosoftDocs/vsts-rest-api-specs
    bitbucket.json  https://dac-static.atlassian.com/cloud/bitbucket/swagger.v3.json

    python docs/platform_descriptions.py FOLDER

A call or a field that a description does not have ends the run with its name. An excerpt has, for each call, its query,
the fields of its body and of its answers: a path (`[]` for each of a list) and the type, with the values of an
enumeration.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

EXCERPTS = Path(__file__).parent.parent / "tests" / "data" / "openapi"

COMMENT = "id node_id body html_url created_at updated_at user.login"
REMARK = "id body path line start_line user.login in_reply_to_id"
PULL = "number state head.sha merge_commit_sha"
REVIEW = "id user.login state commit_id submitted_at html_url"
EVENT = "id event actor.login created_at label.name"
NOTE = "id body system created_at author.id"
LABELED = "id user.id user.username created_at action label.name"
THREAD = "id status comments[].id comments[].content comments[].author.id comments[].isDeleted"
SAID = "id deleted created_on content.raw user.uuid user.type links.html.href"

_REPO = "/repos/{owner}/{repo}"
_REQUEST = "/api/v4/projects/{id}/merge_requests"
_AZURE = "/{organization}/{project}/_apis/git/repositories/{repositoryId}"
_BITBUCKET = "/repositories/{workspace}/{repo_slug}"


@dataclass(frozen=True)
class Call:
    """One call, and the fields of it that guardrail sends and reads, or that the fakes have. `each`: a list of them."""

    name: str
    query: str = ""
    body: str = ""
    answer: str = ""
    each: str = ""


CALLS: dict[str, tuple[Call, ...]] = {
    "github": (
        Call(f"GET {_REPO}/issues/{{issue_number}}/comments", "since per_page page", answer=COMMENT, each="[]"),
        Call(f"POST {_REPO}/issues/{{issue_number}}/comments", body="body", answer=COMMENT),
        Call(f"PATCH {_REPO}/issues/comments/{{comment_id}}", body="body", answer=COMMENT),
        Call(f"DELETE {_REPO}/issues/comments/{{comment_id}}"),
        Call(f"GET {_REPO}/pulls/{{pull_number}}", answer=f"{PULL} locked user.login"),
        Call(f"GET {_REPO}/pulls/{{pull_number}}/reviews", "per_page page", answer=REVIEW, each="[]"),
        Call(f"GET {_REPO}/issues/{{issue_number}}/timeline", "per_page page", answer=EVENT, each="[]"),
        Call("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", answer="state role"),
        Call("GET /orgs/{org}/teams/{team_slug}", answer="slug"),
        Call(f"GET {_REPO}/pulls/{{pull_number}}/files", "per_page page", answer="filename patch status", each="[]"),
        Call(f"GET {_REPO}/pulls/{{pull_number}}/comments", "per_page page", answer=REMARK, each="[]"),
        Call(
            f"POST {_REPO}/pulls/{{pull_number}}/comments",
            body="body commit_id path line side start_line start_side",
            answer=REMARK,
        ),
        Call(f"PATCH {_REPO}/pulls/comments/{{comment_id}}", body="body", answer=REMARK),
        Call(f"DELETE {_REPO}/pulls/comments/{{comment_id}}"),
        Call(f"GET {_REPO}/commits/{{commit_sha}}/pulls", "per_page page", answer=f"{PULL} locked", each="[]"),
        Call(f"POST {_REPO}/statuses/{{sha}}", body="state context description target_url", answer="id"),
        Call("GET /user", answer="login"),
    ),
    "gitlab": (
        Call("GET /api/v4/user", answer="id"),
        Call(f"GET {_REQUEST}/{{merge_request_iid}}", answer="sha author.username"),
        # What it says of approvals is left out: `approved_by` is described as one of the list that it is.
        Call(f"GET {_REQUEST}/{{eventable_id}}/resource_label_events", "per_page page", answer=LABELED, each="[]"),
        Call("GET /api/v4/groups/{id}/members/all/{user_id}", answer="id username state"),
        Call("GET /api/v4/groups/{id}", answer="id full_path"),
        Call(f"GET {_REQUEST}/{{noteable_id}}/notes", "per_page page sort order_by", answer=NOTE, each="[]"),
        Call(f"POST {_REQUEST}/{{noteable_id}}/notes", body="body", answer=NOTE),
        Call(f"PUT {_REQUEST}/{{noteable_id}}/notes/{{note_id}}", body="body", answer=NOTE),
        Call(f"DELETE {_REQUEST}/{{noteable_id}}/notes/{{note_id}}"),
        Call("POST /api/v4/projects/{id}/statuses/{sha}", body="state name description target_url", answer="id status"),
    ),
    "azure": (
        Call(f"GET {_AZURE}/pullrequests/{{pullRequestId}}", "api-version", answer="lastMergeSourceCommit.commitId"),
        # The description has the list bare; the examples beside it, and the server, wrap it as `value`.
        Call(f"GET {_AZURE}/pullRequests/{{pullRequestId}}/threads", "api-version", answer=THREAD, each="value[]"),
        Call(
            f"POST {_AZURE}/pullRequests/{{pullRequestId}}/threads",
            "api-version",
            body="status comments[].parentCommentId comments[].content comments[].commentType",
            answer=THREAD,
        ),
        Call(f"PATCH {_AZURE}/pullRequests/{{pullRequestId}}/threads/{{threadId}}", "api-version", "status", THREAD),
        Call(
            f"PATCH {_AZURE}/pullRequests/{{pullRequestId}}/threads/{{threadId}}/comments/{{commentId}}",
            "api-version",
            body="content",
            answer="id content author.id isDeleted",
        ),
        Call(
            f"DELETE {_AZURE}/pullRequests/{{pullRequestId}}/threads/{{threadId}}/comments/{{commentId}}", "api-version"
        ),
        Call(
            f"POST {_AZURE}/commits/{{commitId}}/statuses",
            "api-version",
            body="state description targetUrl context.name context.genre",
            answer="id state",
        ),
    ),
    "bitbucket": (
        Call("GET /user", answer="uuid type"),
        Call(f"GET {_BITBUCKET}/pullrequests/{{pull_request_id}}", answer="id source.commit.hash"),
        # `pagelen` belongs to every list, by what is said of pages and not of calls.
        Call(f"GET {_BITBUCKET}/pullrequests/{{pull_request_id}}/comments", answer=f"next {SAID}", each="values[]"),
        Call(f"POST {_BITBUCKET}/pullrequests/{{pull_request_id}}/comments", body="content.raw", answer=SAID),
        Call(
            f"PUT {_BITBUCKET}/pullrequests/{{pull_request_id}}/comments/{{comment_id}}",
            body="content.raw",
            answer=SAID,
        ),
        Call(f"DELETE {_BITBUCKET}/pullrequests/{{pull_request_id}}/comments/{{comment_id}}"),
        Call(
            f"POST {_BITBUCKET}/commit/{{commit}}/statuses/build",
            body="key name state description url",
            answer="key state",
        ),
        Call(
            f"PUT {_BITBUCKET}/commit/{{commit}}/reports/{{reportId}}",
            body="title details report_type reporter result link",
            answer="uuid title",
        ),
        Call(f"DELETE {_BITBUCKET}/commit/{{commit}}/reports/{{reportId}}"),
        Call(
            f"POST {_BITBUCKET}/commit/{{commit}}/reports/{{reportId}}/annotations",
            body="[].external_id [].annotation_type [].result [].severity [].summary [].details [].path [].line",
            answer="uuid external_id",
            each="[]",
        ),
    ),
}
BY_ALL = {"api-version", "pagelen"}
"""Parameters that every call of a platform takes, which no single description lists."""
FROM_THE_BASE = {"type"}
"""What Bitbucket's base type says is required of every object, and its examples of requests leave out."""
BESIDE = {"next"}
"""Fields of an answer that stand beside the list that it wraps."""


class Description:
    """One vendor's description, of OpenAPI 3 or Swagger 2."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def excerpt(self, call: Call) -> dict[str, Any]:
        """Return what is said of a call. Raises KeyError for what is not described."""
        method, path = call.name.split(" ")
        operation = self.document["paths"][path][method.lower()]
        parameters = [self.resolved(one) | self._at(one) for one in operation.get("parameters", ())]
        told = {one["name"]: one for one in parameters if one.get("in") == "query"}
        given = next((one["schema"] for one in parameters if one.get("in") == "body"), None)
        body = given or _content(operation.get("requestBody", {}))
        return {
            "query": {
                name: "string" if name in BY_ALL else _type(self.resolved(told[name].get("schema", told[name])))
                for name in call.query.split()
            },
            "body": {path: self.type_at(body, path) for path in call.body.split()},
            "required": sorted(set(self.resolved(body).get("required", ())) - FROM_THE_BASE) if body else [],
            "answers": {
                str(status): self._answer(self._at(one), call) if str(status).startswith("2") else {}
                for status, one in operation["responses"].items()
            },
        }

    def _answer(self, answer: dict[str, Any], call: Call) -> dict[str, str]:
        schema = _content(answer) or answer.get("schema")
        if not schema or not call.answer:
            return {}
        within = "" if call.each in {"", "value[]"} else call.each
        kind = self.resolved(schema)
        if call.each == "[]" and "items" not in kind:
            within = ""  # GitLab describes some lists by what is in them
        if call.each == "value[]":
            schema = kind["items"]
        found = {}
        for name in call.answer.split():
            beside = name in BESIDE
            inside = name if beside else ".".join(filter(None, [within, name]))
            shown = name if beside else ".".join(filter(None, [call.each, name]))
            found[shown] = self.type_at(schema, inside)
        return found

    def resolved(self, schema: Any) -> dict[str, Any]:
        """Return a schema together with what it refers to and is made of: the properties of all its parts."""
        merged: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        required: list[str] = []
        for part in self._parts(schema):
            properties |= part.get("properties", {})
            required += part.get("required", []) if isinstance(part.get("required"), list) else []
            merged |= {key: value for key, value in part.items() if key in {"type", "enum", "items", "nullable"}}
        return merged | ({"properties": properties, "required": required} if properties else {})

    def _at(self, schema: Any) -> dict[str, Any]:
        """Follow a schema's reference."""
        while isinstance(schema, dict) and "$ref" in schema:
            place: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                place = place[step]
            schema = place
        return schema if isinstance(schema, dict) else {}

    def _parts(self, schema: Any) -> Iterator[dict[str, Any]]:
        found = self._at(schema)
        yield found
        for key in ("allOf", "anyOf", "oneOf"):
            for part in found.get(key, ()):
                yield from self._parts(part)

    def type_at(self, schema: Any, path: str) -> str:
        """Return the type of the field at a path. Raises KeyError where the description has no such field."""
        found = self.resolved(schema)
        if not path:
            return _type(found)
        step, _, rest = path.partition(".")
        if step == "[]":
            return self.type_at(found["items"], rest)
        below = found["properties"][step.removesuffix("[]")]
        return self.type_at(self.resolved(below)["items"] if step.endswith("[]") else below, rest)


def _content(holder: dict[str, Any]) -> Any:
    return holder.get("content", {}).get("application/json", {}).get("schema")


def _type(found: dict[str, Any]) -> str:
    if values := [str(one) for one in found.get("enum", ()) if one is not None]:
        return f"one of {', '.join(values)}"
    kinds = found.get("type", "any")
    names = list(kinds) if isinstance(kinds, list) else [kinds]
    return "|".join([*names, "null"] if found.get("nullable") and "null" not in names else names)


def main(folder: Path) -> None:
    """Write the excerpt of every description."""
    sources = json.loads((folder / "sources.json").read_text(encoding="utf-8"))
    for name, calls in CALLS.items():
        path = next(folder.glob(f"{name}.*"))
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
        description, found = Description(document), {}
        for call in calls:
            try:
                found[call.name] = description.excerpt(call)
            except KeyError as error:
                sys.exit(f"{name}: {call.name}: the description has no {error}")
        data = {**sources[name], "calls": found}
        (EXCERPTS / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
