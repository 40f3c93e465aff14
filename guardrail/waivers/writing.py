"""Writes a waiver into the waivers file; what stands around it stays as it is."""

from __future__ import annotations

from pathlib import Path

from guardrail.config import Settings
from guardrail.errors import ConfigError
from guardrail.files.yaml_file import parse_yaml
from guardrail.files.yaml_list import with_item, written
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
    same = [number for number, one in enumerate(waivers) if (one.rule, one.address) == (waiver.rule, waiver.address)]
    return with_item(text, file, "waivers", _entry(waiver, " ".join(ticket.split())), at=same[-1] if same else None)


def _entry(waiver: Waiver, ticket: str) -> list[str]:
    """Return the lines of one waiver, each key on one line: values are given without line breaks."""
    said = {
        "rule": waiver.rule,
        "address": waiver.address,
        "reason": waiver.reason,
        "expires": waiver.expires,
        "owner": waiver.owner,
        "ticket": ticket,
    }
    limit = [] if waiver.up_to is None else [f"up_to: {waiver.up_to:.2f}  # what it may cost a month"]
    return [*written(said), *limit]
