"""YAML files with the line of everything in them, so that an error can say where it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from guardrail.errors import GuardrailError
from guardrail.files.remembered import remember, remembered
from guardrail.model.unknown import Json

if TYPE_CHECKING:
    import yaml

    from guardrail.files.yaml_parser import Parsed

Place = tuple[str | int, ...]
"""Keys and list indices that lead to a value."""

_MAX_BYTES = 2_000_000


class _Lines(Struct, frozen=True):
    """The line of everything in a file, by the text of its place."""

    of: dict[str, int]


class YamlFile(Struct, frozen=True, dict=True):
    """What a file says, and where in it each value stands (lines and columns counted from 1).

    It is parsed when somebody asks, which raises `error` for what is not YAML, or says a key twice.
    """

    name: str
    text: str = ""
    error: type[GuardrailError] = GuardrailError

    @property
    def data(self) -> Json:
        """What it says."""
        return self._parsed.data

    @property
    def nodes(self) -> Mapping[Place, yaml.Node]:
        """The values in it, by place."""
        return self._parsed.nodes

    @property
    def keys(self) -> Mapping[Place, yaml.Node]:
        """The keys in it, by place of the value."""
        return self._parsed.keys

    @cached_property
    def _parsed(self) -> Parsed:
        from guardrail.files.yaml_parser import parsed  # noqa: PLC0415 - what was checked before is not parsed again

        return parsed(self.name, self.text, self.error)

    @cached_property
    def _lines(self) -> Mapping[str, int]:
        if (known := remembered(_Lines, self.text)) is not None:
            return known.of
        nodes = {**self.nodes, **self.keys}
        found = _Lines({repr(place): node.start_mark.line + 1 for place, node in nodes.items()})
        remember(found, self.text)
        return found.of

    def line(self, place: Place = ()) -> int:
        """Return the line of a value (of its key, if it has one), or of the nearest thing around it."""
        while place and repr(place) not in self._lines:
            place = place[:-1]
        return self._lines.get(repr(place), 1)

    def where(self, place: Place = ()) -> str:
        """Return "file:line"."""
        return f"{self.name}:{self.line(place)}"

    def inside(self, place: Place, column: int) -> tuple[str, int | None]:
        """Return "file:line" and the column of a place inside a text, None where folding has moved it."""
        import yaml  # noqa: PLC0415 - only to show a place in a text

        node = self.nodes.get(place)
        if not isinstance(node, yaml.ScalarNode):
            return self.where(place), None
        start = node.start_mark
        if node.style == "|":
            before = str(node.value)[: column - 1]
            line = start.line + 2 + before.count("\n")
            return f"{self.name}:{line}", None
        if start.line != node.end_mark.line:
            return f"{self.name}:{start.line + 1}", None
        return f"{self.name}:{start.line + 1}", start.column + (1 if node.style else 0) + column


def read_yaml(path: Path, error: type[GuardrailError], *, name: str = "") -> YamlFile:
    """Read a file, which is parsed when somebody asks. `name` is how errors call it, by default its path. Raises `error`."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise error(f"cannot be read: {problem.strerror}", where=name or str(path)) from None
    if len(content) > _MAX_BYTES:
        raise error("is larger than 2 MB", where=name or str(path), fix="is this the right file?")
    try:
        return YamlFile(name or str(path), content.decode("utf-8-sig"), error)
    except UnicodeDecodeError:
        raise error("is not UTF-8 text", where=name or str(path), fix="save it as UTF-8") from None


def parse_yaml(text: str, error: type[GuardrailError], *, name: str) -> YamlFile:
    """Parse the text of a file called `name`. Raises `error` for what is not YAML, or says a key twice."""
    file = YamlFile(name, text, error)
    _ = file.data
    return file
