"""The parser of YAML files: values as YAML 1.2 has them, and the node of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import yaml
from msgspec import Struct

from guardrail.errors import GuardrailError
from guardrail.model.unknown import Json

if TYPE_CHECKING:
    from guardrail.files.yaml_file import Place

_MAX_DEPTH = 50
_MAX_VALUES = 200_000  # aliases within aliases grow without end
_MAX_DIGITS = 400  # longer ones are no numbers that anybody means


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


class Parsed(Struct, frozen=True):
    """What a file says, with the nodes of its values and keys."""

    data: Json
    nodes: Mapping[Place, yaml.Node]
    keys: Mapping[Place, yaml.Node]


def parsed(name: str, text: str, error: type[GuardrailError]) -> Parsed:
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
    return Parsed(walk.value(root, ()) if root else None, walk.nodes, walk.keys)


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
