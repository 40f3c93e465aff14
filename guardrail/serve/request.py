"""What HCP Terraform asks of a run task: the signature, and what the payload says."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from guardrail.decode import decode_json
from guardrail.errors import InputError

SIGNATURE = "x-tfc-task-signature"
"""The header that has the HMAC-SHA512 of the body, in hexadecimal digits."""

_TEST_TOKEN = "test-token"  # noqa: S105 - what HCP Terraform sends when a task is created, to see that it answers
_LOCAL = {"127.0.0.1", "::1", "localhost"}


class _Capabilities(msgspec.Struct):
    outcomes: bool = False


class TaskRequest(msgspec.Struct):
    """The fields of a run task's request that are needed. What may be null in the payload is None."""

    stage: str = ""
    access_token: str = ""
    run_id: str = ""
    workspace_name: str = ""
    run_app_url: str = ""
    task_result_id: str = ""
    task_result_callback_url: str = ""
    plan_json_api_url: str | None = None
    capabilities: _Capabilities = msgspec.field(default_factory=_Capabilities)

    @property
    def is_test(self) -> bool:
        """Whether this only asks whether we are there: HCP Terraform sends such a request when a task is created."""
        return self.access_token == _TEST_TOKEN or self.stage == "test" or not self.task_result_callback_url


class Key(Struct, frozen=True):
    """The HMAC key of the run task. It is not shown."""

    secret: bytes

    def signs(self, body: bytes, signature: str) -> bool:
        """Return whether a signature is that of a body, in a time that tells nothing of how much of it is right."""
        expected = hmac.new(self.secret, body, hashlib.sha512).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())

    def __repr__(self) -> str:
        return "Key(***)"


def read_request(body: bytes, hosts: Collection[str]) -> TaskRequest:
    """Read a payload whose signature is right. Raises InputError.

    Its addresses get a token, so they have to be of one of the `hosts`, and encrypted.
    """
    try:
        request = decode_json(body or b"{}", TaskRequest)
    except msgspec.MsgspecError:
        raise InputError("the payload is not that of a run task") from None
    if request.is_test:
        return request
    for address in (request.task_result_callback_url, request.plan_json_api_url):
        if address and not _may_be_asked(address, hosts):
            raise InputError("the payload has an address of another host", fix="name it by --host if it is yours")
    return request


def _may_be_asked(address: str, hosts: Collection[str]) -> bool:
    """Return whether an address is of one of the hosts, and encrypted unless it is of this machine (for tests)."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # which raises where it is no number
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    return host in hosts and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL))
