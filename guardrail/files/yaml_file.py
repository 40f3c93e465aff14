"""YAML files with the line of everything in them, so that an error can say where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml
from msgspec import Struct, field

from guardrail.errors import GuardrailError
from guardrail.model.unknown import Json

Place = tuple[str | int, ...]
"""Keys and list indices that lead to a value."""

_MAX_DEPTH = 50
_MAX_VALUES = 200_000  # aliases within aliases grow without end
_MAX_DIGITS = 400  # longer ones are no numbers that anybody means
_MAX_BYTES = 2_000_000


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # chosen at run time
    """Reads `no`, `on`, 2026-01-31 and 1:30 as the text that they are, as YAML 1.2 does."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})$"), list(_first))


class YamlFile(Struct, frozen=True):
    """What a file says, and where in it each value stands (lines and columns counted from 1)."""

    name: str
    data: Json
    nodes: Mapping[Place, yaml.Node] = field(default_factory=dict)
    keys: Mapping[Place, yaml.Node] = field(default_factory=dict)

    def line(self, place: Place = ()) -> int:
        """Return the line of a value (of its key, if it has one), or of the nearest thing around it."""
        while place and place not in self.keys and place not in self.nodes:
            place = place[:-1]
        node = self.keys.get(place) or self.nodes.get(place)
        return node.start_mark.line + 1 if node else 1

    def where(self, place: Place = ()) -> str:
        """Return "file:line"."""
        return f"{self.name}:{self.line(place)}"

    def inside(self, place: Place, column: int) -> tuple[str, int | None]:
        """Return "file:line" and the column of a place inside a text, None where folding has moved it."""
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
    """Read a file. `name` is how errors call it, by default its path. Raises `error`."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise error(f"cannot be read: {problem.strerror}", where=name or str(path)) from None
    if len(content) > _MAX_BYTES:
        raise error("is larger than 2 MB", where=name or str(path), fix="is this the right file?")
    try:
        return parse_yaml(content.decode("utf-8-sig"), error, name=name or str(path))
    except UnicodeDecodeError:
        raise error("is not UTF-8 text", where=name or str(path), fix="save it as UTF-8") from None


def parse_yaml(text: str, error: type[GuardrailError], *, name: str) -> YamlFile:
    """Parse the text of a file called `name`. Raises `error` for what is not YAML, or says a key twice."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise error(f"not valid YAML: {problem.problem or 'malformed'}", where=where) from None
    except (yaml.YAMLError, RecursionError):
        raise error("not valid YAML", where=name) from None
    walk = _Walk(name, error)
    return YamlFile(name, walk.value(root, ()) if root else None, walk.nodes, walk.keys)


class _Walk:
    """Turns nodes to values, noting where each stands."""

    def __init__(self, name: str, error: type[GuardrailError]) -> None:
        self.name = name
        self.error = error
        self.nodes: dict[Place, yaml.Node] = {}
        self.keys: dict[Place, yaml.Node] = {}

    def value(self, node: yaml.Node, place: Place) -> Json:
        self.nodes[place] = node
        if len(place) > _MAX_DEPTH or len(self.nodes) > _MAX_VALUES:
            raise self._fault("nested too deeply", node)
        if not node.tag.startswith("tag:yaml.org,2002:") or "/" in node.tag:
            raise self._fault(f"the tag {node.tag!r} is not supported", node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Json]:
        result: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._fault("a key must be a plain word", key_node)
            key = str(key_node.value)
            if key in result:
                raise self._fault(f"{key!r} is there twice", key_node)
            self.keys[*place, key] = key_node
            result[key] = self.value(value_node, (*place, key))
        return result

    def _scalar(self, node: yaml.Node) -> Json:
        text = str(node.value)
        match node.tag.rpartition(":")[2]:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text) if len(text) < _MAX_DIGITS else text
            case "float":
                return float(text)
            case "str":
                return text
            case other:
                raise self._fault(f"the tag {other!r} is not supported", node)

    def _fault(self, what: str, node: yaml.Node) -> GuardrailError:
        return self.error(what, where=f"{self.name}:{node.start_mark.line + 1}")
