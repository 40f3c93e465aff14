"""Holds what is sent to a platform, and what a fake of it answers, to the vendor's own description.

The excerpts are in tests/data/openapi; docs/platform_descriptions.py renews them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

EXCERPTS = Path(__file__).parent.parent / "data" / "openapi"

REFUSALS = {301, 307, 400, 401, 403, 404, 422, 429, 500, 502, 503, 504}
"""What any call may be answered. The descriptions name them for some calls only."""

OF_LISTS = {"pagelen", "page"}
"""Bitbucket describes them for lists as such, not for each call."""

NULLS = {"line", "[].line"}
"""GitHub tells null for the line of a review comment that is in the diff no more; its description has a number."""

GONE = {"[].user"}
"""GitHub tells null for a user whose account is deleted, whose login is described."""

TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


class Described:
    """One vendor's excerpt. `problems` are what was sent or answered otherwise."""

    def __init__(self, platform: str, *, undescribed: str = "") -> None:
        self.calls = json.loads((EXCERPTS / f"{platform}.json").read_text(encoding="utf-8"))["calls"]
        self.undescribed = undescribed
        self.problems: list[str] = []
        self.seen: set[str] = set()

    def hold(self, method: str, address: str, sent: bytes, status: int, answered: bytes) -> None:
        """Look at one request and its answer. `address` begins where the description's paths do."""
        parts = urlsplit(address)
        if self.undescribed and re.fullmatch(self.undescribed, parts.path):
            return
        name = next((one for one in self.calls if self._is(one, method, parts.path)), "")
        if not name:
            self.problems.append(f"{method} {parts.path}: is not described")
            return
        self.seen.add(name)
        call = self.calls[name]
        query = dict(parse_qsl(parts.query))
        found = [
            *(f"query {key}={value}" for key, value in query.items() if not self._allows(call["query"], key, value)),
            *_wrong(json.loads(sent) if sent else {}, call["body"], "sends"),
            *(f"sends no {key}" for key in call["required"] if sent and key not in json.loads(sent)),
        ]
        if str(status) in call["answers"]:
            fields = call["answers"][str(status)]
            found += _wrong(json.loads(answered or b"{}"), fields, "answers") if status < 300 else []
        elif status not in REFUSALS:
            found.append(f"answers {status}, not one of {', '.join(call['answers'])}")
        self.problems += [f"{name}: {one}" for one in found]

    @staticmethod
    def _is(name: str, method: str, path: str) -> bool:
        """Azure DevOps spells one word of its paths in two ways."""
        described, _, template = name.partition(" ")
        pattern = re.sub(r"\\\{[^}]*\}", "[^/]+", re.escape(template))
        return method == described and re.fullmatch(pattern, path, re.IGNORECASE) is not None

    @staticmethod
    def _allows(described: dict[str, str], key: str, value: str) -> bool:
        kind = described.get(key, "")
        if kind.startswith("one of "):
            return value in kind.removeprefix("one of ").split(", ")
        return key in OF_LISTS or (bool(kind) and ("string" in kind or value.isdecimal()))


def _wrong(data: Any, fields: dict[str, str], does: str) -> Iterator[str]:
    """Say which fields the description does not have, and which have another type there."""
    for path, value in _flat(data, ""):
        kind = fields.get(path)
        if value is None and path in GONE:
            continue
        if kind is None:
            yield f"{does} {path}, which is not described"
        elif kind.startswith("one of "):
            if value not in kind.removeprefix("one of ").split(", "):
                yield f"{does} {path}={value!r}, not {kind}"
        elif value is None and path in NULLS:
            continue
        elif not any(type(value) is TYPES[one] for one in kind.split("|") if one in TYPES):
            yield f"{does} {path}={value!r}, not {kind}"


def _flat(data: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _flat(value, f"{path}.{key}" if path else key)
    elif isinstance(data, list):
        for one in data:
            yield from _flat(one, f"{path}[]")
    else:
        yield path, data
