"""What a shell may offer for an argument. Asked at every press of a key: nothing large is imported, and nothing raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from guardrail.config_path import find_config
from guardrail.errors import GuardrailError, InputError

_ID = re.compile(r"^id:[ \t]*[\"']?([a-z][a-z0-9-]*)", re.MULTILINE)
_AT_MOST = 1000  # files that are looked into
_LARGE = 1_000_000  # bytes


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer files and folders: the shell knows them best."""
    _ = ctx, param
    return [CompletionItem(incomplete, type="file")]


def rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the ids of rules, the shipped ones and one's own."""
    _ = param
    packs_by_rule = {rule_id: pack for rule_id, pack in (*_shipped(), *_own(ctx)) if rule_id.startswith(incomplete)}
    return [CompletionItem(rule_id, help=pack) for rule_id, pack in sorted(packs_by_rule.items())]


def projects(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of the projects in guardrail.yaml."""
    _ = param
    listed = _list(_configured(ctx)[1].get("projects"))
    names = [str(one["name"]) for one in listed if isinstance(one, dict) and "name" in one]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _shipped() -> Iterator[tuple[str, str]]:
    from guardrail import data  # only where rules are asked for

    try:
        for path in data.rules_dir().glob("*/*.yaml"):
            yield path.stem, f"pack {path.parent.name}"
    except (OSError, GuardrailError):
        return


def _own(ctx: click.Context) -> Iterator[tuple[str, str]]:
    folder, content = _configured(ctx)
    chosen = content.get("rules")
    for name in (*_list(chosen.get("paths") if isinstance(chosen, dict) else None), ".guardrail/packs"):
        place = folder / str(name)
        for path in [place] if place.is_file() else islice(place.rglob("*.y*ml"), _AT_MOST):
            if match := _ID.search(_text(path)):
                yield match[1], path.name


def _configured(ctx: click.Context) -> tuple[Path, dict[str, Any]]:
    """Return the folder of guardrail.yaml and what the file says, as far as that can be read."""
    from guardrail.files import read_yaml  # only where a configuration is looked into

    given = ctx.params.get("config")
    path = Path(given) if given else find_config(Path.cwd())
    try:
        content = read_yaml(path, InputError).data if path else None
    except InputError:
        content = None
    return path.parent if path else Path(), content if isinstance(content, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig") if path.stat().st_size < _LARGE else ""
    except (OSError, ValueError):
        return ""
