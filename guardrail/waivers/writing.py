"""Writes a waiver into the waivers file; what stands around it stays as it is."""

from __future__ import annotations

from pathlib import Path

import yaml

from guardrail.config import Settings
from guardrail.errors import ConfigError
from guardrail.files.yaml_file import YamlFile, parse_yaml
from guardrail.model.finding import Waiver
from guardrail.policy import load_waivers

_FILE = "guardrail.waivers.yaml"


def waivers_file(settings: Settings) -> tuple[Path, Path]:
    """Return guardrail.yaml, and the waivers file that it names or is to name. Raises ConfigError without a guardrail.yaml."""
    if settings.config_file is None:
        fix = "run `guardrail init`: guardrail.yaml names the waivers file"
        raise ConfigError("there is no guardrail.yaml", fix=fix)
    return settings.config_file, settings.waivers or settings.config_file.parent / _FILE


def naming_waivers(config: Path) -> str:
    """Return the text of a guardrail.yaml with the waivers file named in it. Raises ConfigError where it cannot be added to."""
    text = config.read_text(encoding="utf-8-sig")
    named = f"{text.rstrip()}\n\nwaivers: {_FILE}\n"
    fix = f"add the line `waivers: {_FILE}`"
    try:
        data = parse_yaml(named, ConfigError, name=str(config)).data
    except ConfigError:
        data = None
    if not isinstance(data, dict) or data.get("waivers") != _FILE:
        raise ConfigError("names no waivers file, and cannot be added to", where=str(config), fix=fix)
    return named


def with_waiver(text: str, waiver: Waiver, *, ticket: str = "", name: str) -> str:
    """Return the text of a waivers file with one more waiver, in the place of one for the same rule and address.

    `waiver` is text without line breaks, `name` is how errors call the file. Raises ConfigError where it is no waivers file, or is written in one line.
    """
    file = parse_yaml(text, ConfigError, name=name)
    waivers = load_waivers(file)
    ticket = " ".join(ticket.split())
    items = file.nodes.get(("waivers",))
    lines = text.splitlines()
    if not isinstance(items, yaml.SequenceNode) or not items.value:
        return _with_first(lines, file, items, waiver, ticket)
    if items.flow_style:
        fix = "write each waiver on lines of its own, beginning with `- rule:`"
        raise ConfigError(
            "its waivers stand in one line, which cannot be added to", where=file.where(("waivers",)), fix=fix
        )
    same = [number for number, one in enumerate(waivers) if (one.rule, one.address) == (waiver.rule, waiver.address)]
    entry = _entry(waiver, ticket, items.start_mark.column)
    last = items.value[same[-1] if same else -1]
    start = last.start_mark.line if same else _end(last)
    return _joined([*lines[:start], *entry, *lines[_end(last) :]])


def _with_first(lines: list[str], file: YamlFile, items: yaml.Node | None, waiver: Waiver, ticket: str) -> str:
    """Return the text with its first waiver: in the place of an empty list, or below all that is there."""
    entry = _entry(waiver, ticket, 2)
    key = file.keys.get(("waivers",))
    if key is None:
        return _joined([*lines, "waivers:", *entry])
    end = items.end_mark.line if items and items.start_mark.line > key.start_mark.line else key.start_mark.line
    return _joined([*lines[: key.start_mark.line], "waivers:", *entry, *lines[end + 1 :]])


def _end(node: yaml.Node) -> int:
    """Return the number of the line after a node. The parser counts comments and empty lines behind a block to it."""
    while isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return int(node.end_mark.line) + (1 if node.end_mark.column else 0)


def _entry(waiver: Waiver, ticket: str, column: int) -> list[str]:
    """Return the lines of one waiver, each key on one line: values are given without line breaks."""
    said = {
        "rule": waiver.rule,
        "address": waiver.address,
        "reason": waiver.reason,
        "expires": waiver.expires,
        "owner": waiver.owner,
        "ticket": ticket,
    }
    dumped = [
        yaml.safe_dump({key: value}, allow_unicode=True, width=float("inf")).rstrip("\n")
        for key, value in said.items()
        if value
    ]
    if waiver.up_to is not None:
        dumped.append(f"up_to: {waiver.up_to:.2f}  # what it may cost a month")
    pad = " " * column
    return [f"{pad}{'  ' if number else '- '}{line}" for number, line in enumerate(dumped)]


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
