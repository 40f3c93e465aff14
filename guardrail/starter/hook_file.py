""".pre-commit-config.yaml: made, or one entry put in among those that are there."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import yaml

from guardrail import __version__, data
from guardrail.errors import GuardrailError, InputError
from guardrail.files import parse_yaml
from guardrail.starter.proposal import Proposal, kept, leads_out
from guardrail.starter.survey import Survey
from guardrail.starter.text import filled, scalar

NAME = ".pre-commit-config.yaml"
_OURS = re.compile(r"guardrail-finops/guardrail\b|^guardrail-(?:check|check-plan|validate)$")
_BOM = "\ufeff"
_LONGEST_LINE = 1_000_000  # no line is broken that was not


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
    after = with_entry(before, entry)
    if after is None:
        return Proposal("hook", path, reason="its form leaves no safe place for an entry", by_hand=hand)
    # Each line of before comes again in after, in order: `in` goes on from where the last one was found.
    lines = iter(after.splitlines())
    as_it_was = all(line in lines for line in before.splitlines())
    reason = "one entry added, the rest as it was" if as_it_was else "one entry added; some lines are laid out anew"
    return Proposal("hook", path, before=before, after=after, reason=reason)


def hook_entry(seen: Survey, config: str) -> str:
    """Return the entry for the list of repos."""
    plans = [project.is_plan(seen.folder) for project in seen.projects]
    elsewhere = config != Path(config).name
    return filled(
        "pre-commit-config.yaml",
        rev=f"{commit}  # frozen: v{__version__}" if (commit := data.release_commit()) else f"v{__version__}",
        check="guardrail-check-plan" if plans and all(plans) else "guardrail-check",
        args=f"      args: [--config, {scalar(config)}]" if elsewhere else "",
    )


def with_entry(before: str, entry: str) -> str | None:
    """Return the text with one entry more in `repos`, its comments kept; None where that would change anything else."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - only where there is a file to edit
    from ruamel.yaml.comments import CommentedMap, CommentedSeq  # noqa: PLC0415
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    round_trip = YAML()
    round_trip.preserve_quotes, round_trip.width = True, _LONGEST_LINE
    round_trip.brace_single_entry_mapping_in_flow_sequence = True
    round_trip.explicit_start = before.startswith("---")
    text = before.removeprefix(_BOM).replace("\r\n", "\n")
    try:
        content = round_trip.load(text)
    except YAMLError:
        return None
    if content is None:
        return before + "\n" * (before[-1:] not in {"", "\n"}) + f"repos:\n{_indented(entry, 2)}"
    if not isinstance(content, CommentedMap) or not isinstance(content.get("repos", None), CommentedSeq | None):
        return None
    # Written back with the indentation that the list has, which ruamel.yaml does not remember by itself.
    repos = content.get("repos")
    dash, item = (repos.lc.col, repos[0].lc.col) if repos and isinstance(repos[0], CommentedMap) else (2, 4)
    round_trip.indent(mapping=2, sequence=item, offset=dash)
    (added,) = round_trip.load(entry)
    if repos:
        _move_what_follows(repos, added, dash)
        repos.append(added)
    else:
        content["repos"] = [added]
    written = io.StringIO()
    round_trip.dump(content, written)
    after = written.getvalue()
    if not _adds_one(text, after, entry):
        return None
    bom = _BOM if before.startswith(_BOM) else ""
    return bom + (after.replace("\n", "\r\n") if "\r\n" in before else after)


def _move_what_follows(repos: Any, added: Any, dash: int) -> None:
    """Move blank lines and comments after the list behind the added entry: to ruamel.yaml they belong to the last value.

    A comment that is indented deeper than the dashes is one on that value, or a hook that is commented out: it stays.
    """
    # Down along the last entries: the comment is at the innermost value that ends the file's list.
    holder, key = repos, len(repos) - 1
    comments = None
    while True:
        found = holder.ca.items.get(key, ())
        token = next((token for token in found[2:3] or found[:1] if token is not None), None)
        comments = token or comments
        if not hasattr(holder[key], "ca") or not holder[key]:
            break
        holder = holder[key]
        key = len(holder) - 1 if isinstance(holder, list) else next(reversed(holder))
    if comments is None:
        return
    first, newline, rest = comments.value.partition("\n")
    lines = rest.splitlines(keepends=True)
    kept = next((n for n, line in enumerate(lines) if not re.match(rf" {{{dash + 1},}}#", line)), len(lines))
    moved = "".join(lines[kept:])
    comments.value = first + newline + "".join(lines[:kept])
    if moved:
        added["hooks"][-1].ca.items["id"] = [None, None, type(comments)(f"\n{moved}", comments.start_mark, None), None]


def _adds_one(before: str, after: str, entry: str) -> bool:
    """Return whether a text says what another does, and one entry more: the proof that the edit is what it is meant to be."""
    (added,) = yaml.safe_load(entry)
    try:
        old, new = (parse_yaml(text, InputError, name=NAME).data or {} for text in (before, after))
        return bool(new == {**old, "repos": [*(old.get("repos") or []), added]})
    except (GuardrailError, RecursionError):
        return False


def _has_ours(content: Any) -> bool:
    """Return whether guardrail is in it, at any depth: as a repository of hooks, or as a local hook of that id."""
    if isinstance(content, dict):
        return any(_has_ours(part) for part in content.values())
    if isinstance(content, list):
        return any(_has_ours(part) for part in content)
    return isinstance(content, str) and bool(_OURS.search(content))


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" for line in text.splitlines(keepends=True))
