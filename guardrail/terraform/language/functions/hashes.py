"""Hashes of texts, and identifiers made of them."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from guardrail.terraform.language.functions.signature import Function, FunctionError, Parameter
from guardrail.terraform.language.types import STRING
from guardrail.terraform.language.values import Value, string

_TEXT = Parameter(STRING)
_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
}

HASHES: dict[str, tuple[str, bool]] = {
    "md5": ("md5", False),
    "sha1": ("sha1", False),
    "sha256": ("sha256", False),
    "sha512": ("sha512", False),
    "base64sha256": ("sha256", True),
    "base64sha512": ("sha512", True),
}
"""Function -> the algorithm, and whether the result is written in base64 rather than in hexadecimal digits."""


def digested(found: Any, *, in_base64: bool) -> Value:
    """Return what a hash object holds, as the functions write it."""
    return string(base64.b64encode(found.digest()).decode() if in_base64 else found.hexdigest())


def _hash(name: str) -> Callable[[Value], Value]:
    algorithm, in_base64 = HASHES[name]

    def body(text: Value) -> Value:
        # usedforsecurity: where Python is bound to FIPS, md5 is still there for names and checksums.
        return digested(hashlib.new(algorithm, text.raw.encode(), usedforsecurity=False), in_base64=in_base64)

    return body


def uuidv5(namespace: Value, name: Value) -> Value:
    """Return the identifier of a name in a namespace: dns, url, oid, x500, or another identifier."""
    space = _NAMESPACES.get(namespace.raw)
    if space is None:
        try:
            space = uuid.UUID(namespace.raw)
        except ValueError:
            raise FunctionError(f"uuidv5() doesn't support namespace {namespace.raw}") from None
    return string(str(uuid.uuid5(space, name.raw)))


FUNCTIONS = {name: Function((_TEXT,), STRING, _hash(name)) for name in HASHES} | {
    "uuidv5": Function((_TEXT, _TEXT), STRING, uuidv5)
}
