"""An HCP Terraform on this machine: it hands out a plan by way of another host, and takes results as it documents them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from tests.http.scripted import Asked, Says, Server, says, serving

KEY = "a-key-of-the-run-task"
TOKEN = "4QEuyyxug1f2rw.atlasv1.secret"  # noqa: S105 - nobody's
CALLBACK = "/api/v2/task-results/5ea8d46c-secret/callback"

_TEXT = {"type": "string", "minLength": 1}
_TAG = {
    "type": "object",
    "required": ["label"],
    "additionalProperties": False,
    "properties": {"label": _TEXT, "level": {"enum": ["none", "info", "warning", "error"]}},
}
_OUTCOME = {
    "type": "object",
    "required": ["type", "attributes"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "task-result-outcomes"},
        "attributes": {
            "type": "object",
            "required": ["outcome-id", "description"],
            "additionalProperties": False,
            "properties": {
                "outcome-id": _TEXT,
                "description": {**_TEXT, "pattern": r"^[^\n]*$"},
                "body": {"type": "string", "maxLength": 1_000_000},
                "url": _TEXT,
                "tags": {"type": "object", "additionalProperties": {"type": "array", "items": _TAG}},
            },
        },
    },
}
RESULT = {
    "type": "object",
    "required": ["data"],
    "additionalProperties": False,
    "properties": {
        "data": {
            "type": "object",
            "required": ["type", "attributes"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "task-results"},
                "attributes": {
                    "type": "object",
                    "required": ["status"],
                    "additionalProperties": False,
                    "properties": {
                        "status": {"enum": ["passed", "failed", "running"]},
                        "message": _TEXT,
                        "url": _TEXT,
                    },
                },
                "relationships": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "outcomes": {"type": "object", "properties": {"data": {"type": "array", "items": _OUTCOME}}}
                    },
                },
            },
        }
    },
}
"""What HashiCorp's page "Run tasks integration API" says of the body of a callback (2026-11)."""


@dataclass
class FakeHCP:
    """One run. `plan` is what its store answers with; `hold` keeps that answer back until it is set."""

    plan: Says
    hold: threading.Event = field(default_factory=threading.Event)
    results: list[dict[str, Any]] = field(default_factory=list)
    refuses: int = 0
    server: Server | None = None
    store: Server | None = None

    def __call__(self, asked: Asked) -> Says:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return says(401, {"errors": [{"status": "401", "title": "unauthorized"}]})
        if asked.method == "GET":
            assert self.store is not None
            return Says(307, b"", {"Location": f"{self.store.url}/plan?signature=secret"})
        if self.refuses:
            self.refuses -= 1
            return says(503, {})
        assert asked.path == CALLBACK
        assert asked.headers["content-type"] == "application/vnd.api+json"
        try:
            jsonschema.validate(asked.json, RESULT)
        except jsonschema.ValidationError as error:
            return says(422, {"errors": [{"status": "422", "title": "invalid", "detail": error.message}]})
        self.results.append(asked.json["data"])
        return says(200, None)

    @property
    def asked(self) -> list[Asked]:
        """Every request that came."""
        assert self.server is not None
        return self.server.asked

    def payload(self, **more: Any) -> dict[str, Any]:
        """Return what a run at the stage after the plan sends."""
        assert self.server is not None
        return {
            "payload_version": 1,
            "stage": "post_plan",
            "access_token": TOKEN,
            "capabilities": {"outcomes": True},
            "configuration_version_download_url": None,
            "is_speculative": False,
            "organization_name": "octo",
            "plan_json_api_url": f"{self.server.url}/api/v2/plans/plan-6AFmRJW1PFJ7qbAh/json-output",
            "run_app_url": "https://app.terraform.io/app/octo/shop/runs/run-i3Df5to9ELvibKpQ",
            "run_id": "run-i3Df5to9ELvibKpQ",
            "task_result_callback_url": f"{self.server.url}{CALLBACK}",
            "task_result_enforcement_level": "mandatory",
            "task_result_id": "taskrs-2nH5dncYoXaMVQmJ",
            "vcs_pull_request_url": None,
            "workspace_name": "shop",
            **more,
        }

    def ends(self, within: float = 60.0) -> dict[str, Any]:
        """Wait for the result that is final, and return it."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if self.results and self.results[-1]["attributes"]["status"] != "running":
                return self.results[-1]
            time.sleep(0.02)
        raise AssertionError(self.results)


@contextmanager
def fake_hcp(plan: bytes | Says) -> Iterator[FakeHCP]:
    """Run an HCP Terraform for a while, and the store of its plans."""
    fake = FakeHCP(plan if isinstance(plan, Says) else Says(200, plan))
    fake.hold.set()

    def stored(asked: Asked) -> Says:
        assert "authorization" not in asked.headers, "the token was sent to another host"
        fake.hold.wait(60)
        return fake.plan

    with serving(fake) as server, serving(stored) as store:
        fake.server, fake.store = server, store
        try:
            yield fake
        finally:
            fake.hold.set()


def ask(place: str, payload: object, *, key: str = KEY, signature: str | None = None) -> int:
    """Send a payload as HCP Terraform does, and return the status of the answer."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = hmac.new(key.encode(), body, hashlib.sha512).hexdigest() if signature is None else signature
    headers = {"Content-Type": "application/json", "X-TFC-Task-Signature": signed}
    request = urllib.request.Request(place, body, headers)  # noqa: S310 - of this machine
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
