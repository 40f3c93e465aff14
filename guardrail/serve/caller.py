"""Who has asked, HCP Terraform: the plan comes from there, and the result goes there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from guardrail.errors import NetworkError
from guardrail.http import Deadline, Session
from guardrail.serve.request import TaskRequest
from guardrail.serve.result import Result

MAX_PLAN_BYTES = 500_000_000
"""What a plan may hold."""

_FETCH_SECONDS = 120.0
_SEND_SECONDS = 60.0


def fetch_plan(request: TaskRequest, path: Path, ca_bundle: str | None, max_bytes: int) -> None:
    """Write the plan's JSON to a file. Raises NetworkError.

    HCP Terraform leads to a store on another host, which does not get the token.
    """
    address = request.plan_json_api_url or ""
    _session(request, address, ca_bundle, _FETCH_SECONDS).save(address, path, max_bytes=max_bytes)
    if not path.stat().st_size:
        raise NetworkError("there is no JSON of this plan", fix="Terraform 0.12 or later makes one")


def send_result(request: TaskRequest, result: Result, url: str, ca_bundle: str | None) -> None:
    """Send a result, or that it is on its way. Raises NetworkError."""
    attributes = {"status": result.status, "message": result.message, "url": url or request.run_app_url}
    data: dict[str, Any] = {
        "type": "task-results",
        "attributes": {name: value for name, value in attributes.items() if value},
    }
    if request.capabilities.outcomes and result.outcomes:
        data["relationships"] = {"outcomes": {"data": [one.shown() for one in result.outcomes]}}
    address = request.task_result_callback_url
    _session(request, address, ca_bundle, _SEND_SECONDS).send(
        "PATCH", address, json={"data": data}, headers={"Content-Type": "application/vnd.api+json"}
    )


def _session(request: TaskRequest, address: str, ca_bundle: str | None, seconds: float) -> Session:
    """Return a session that knows the token for the address's host. Where the result goes is a secret by itself."""
    secrets = {"Authorization": f"Bearer {request.access_token}"}
    return Session(address, secrets=secrets, ca_bundle=ca_bundle, deadline=Deadline(seconds), secret_addresses=True)
