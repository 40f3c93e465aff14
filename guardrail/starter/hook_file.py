""".pre-commit-config.yaml: made, or one entry put in among those that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from guardrail.errors import GuardrailError, InputError
from guardrail.files import YamlFile, parse_yaml
from guardrail.starter.proposal import Proposal, kept, leads_out
from guardrail.starter.survey import Survey
from guardrail.starter.text import filled, scalar

NAME = ".pre-commit-config.yaml"
_OURS = re.compile(r"guardrail-finops/guardrail\b|^guardrail-(?:check|check-plan|validate)$")
_BOM = "\ufeff"


def hook_file(seen: Survey, config: str) -> Proposal:
    """Propose the hook. `config` is guardrail.yaml as seen from the top of the repository."""
    top = seen.hosting.top
    path, entry = top / NAME, hook_entry(seen, config)
    hand = f"add to its repos:\n{entry}"
    if leads_out(path, top):
        return Proposal("hook", path, reason="it is a link, or leads out of the repository", by_hand=hand)
    if not path.exists():
        return Proposal("hook", path, after=f"repos:\n{_indented(entry, 2)}", reason="for `pre-commit install`")
    try:
        before = path.read_bytes().decode("utf-8")
        file = parse_yaml(before.removeprefix(_BOM), InputError, name=NAME)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return Proposal("hook", path, reason=f"it cannot be read: {reason}", by_hand=hand)
    except GuardrailError as error:
        return Proposal("hook", path, reason=str(error), by_hand=hand)
    if _has_ours(file.data):
        return kept("hook", path, "guardrail is in it")
    after = with_entry(before, file, entry)
    if after is None:
        return Proposal("hook", path, reason="its form leaves no safe place for an entry", by_hand=hand)
    return Proposal("hook", path, before=before, after=after, reason="one entry added, the rest as it was")


def hook_entry(seen: Survey, config: str) -> str:
    """Return the entry for the list of repos."""
    plans = [project.is_plan(seen.folder) for project in seen.projects]
    elsewhere = config != Path(config).name
    return filled(
        "pre-commit-config.yaml",
        check="guardrail-check-plan" if plans and all(plans) else "guardrail-check",
        args=f"      args: [--config, {scalar(config)}]" if elsewhere else "",
    )


def with_entry(before: str, file: YamlFile, entry: str) -> str | None:
    """Return the text with one entry more in `repos` and nothing else changed; None where that is not sure."""
    newline = "\r\n" if "\r\n" in before else "\n"
    lines = re.findall(r"[^\n]*\n|[^\n]+", before)
    repos = file.nodes.get(("repos",))
    if file.data is None or (isinstance(file.data, dict) and "repos" not in file.data and _is_block(file.nodes[()])):
        at, addition = len(lines), f"repos:\n{_indented(entry, 2)}"
    elif isinstance(repos, yaml.SequenceNode) and repos.value and not repos.flow_style:
        column = repos.start_mark.column
        at, addition = _end(repos, lines, column), _indented(entry, column)
    else:
        return None
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += newline
    after = "".join([*lines[:at], addition.replace("\n", newline), *lines[at:]])
    return after if _adds_one(file.data, after, entry) else None


def _end(repos: yaml.SequenceNode, lines: list[str], column: int) -> int:
    """Return the number of lines up to the end of a list, comments that are indented deeper than its dashes included."""
    at = _last_line(repos)
    while at < len(lines) and (found := re.match(r"( *)#", lines[at])) and len(found[1]) > column:
        at += 1
    return at


def _last_line(node: yaml.Node) -> int:
    if isinstance(node, yaml.SequenceNode | yaml.MappingNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    end = node.end_mark
    return int(end.line if end.column == 0 and end.line > node.start_mark.line else end.line + 1)


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode) and not node.flow_style and node.start_mark.column == 0


def _adds_one(old: Any, after: str, entry: str) -> bool:
    """Say whether a text holds what there was, and one entry more."""
    (added,) = yaml.safe_load(entry)
    had = old if isinstance(old, dict) else {}
    try:
        new = parse_yaml(after.removeprefix(_BOM), InputError, name=NAME).data
    except GuardrailError:
        return False
    return bool(new == {**had, "repos": [*(had.get("repos") or []), added]})


def _has_ours(content: Any) -> bool:
    if isinstance(content, dict):
        return any(_has_ours(part) for part in content.values())
    if isinstance(content, list):
        return any(_has_ours(part) for part in content)
    return isinstance(content, str) and bool(_OURS.search(content))


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" for line in text.splitlines(keepends=True))
