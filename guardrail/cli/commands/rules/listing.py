"""`guardrail rules list INPUT`: which rules apply to an input, and what each finds and would save there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.options import flags

if TYPE_CHECKING:
    from guardrail.check.findings_by_rule import RuleFindings
    from guardrail.model.report import Report

SCHEMA = "guardrail.rules/v1"
_HEAD: tuple[str, ...] = ("saving", "findings", "matches", "rule", "enforcement", "pack")
_NUMBERS = 3  # columns of numbers, which come first


def print_listed(values: dict[str, Any], *, everything: bool, format_name: str) -> None:
    """Evaluate the input and print the rules, what saves most first. Raises GuardrailError."""
    from guardrail.check.findings_by_rule import findings_by_rule
    from guardrail.cli.output import say
    from guardrail.cli.progress import shown_progress
    from guardrail.config import settings

    with shown_progress():
        found, report = findings_by_rule(settings(flags(values), Path.cwd()), everything=everything)
    say(_as_json(found, report) if format_name == "json" else _as_text(found, report))


def _as_text(found: list[RuleFindings], report: Report) -> str:
    from guardrail.report.format import count

    rows = [_HEAD, *(_row(one, report.currency) for one in found if one.matched)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_padded(row, widths)) for row in rows]
    idle = [one.rule.rule.id for one in found if not one.matched]
    lines += (
        ["", f"{count(len(idle), 'rule')} match{'es' * (len(idle) == 1)} nothing here: {', '.join(idle)}"]
        if idle
        else []
    )
    skipped = [one.rule.rule.id for one in found if one.matched and not one.applied]
    lines += ["", f"their `when` is false everywhere here: {', '.join(skipped)}"] if skipped else []
    lines += ["", "saving: a month, of what each rule finds alone; several may be about the same cost"]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _padded(row: tuple[str, ...], widths: list[int]) -> list[str]:
    cells = list(zip(row, widths, strict=True))
    return [
        *(f"{text:>{width}}" for text, width in cells[:_NUMBERS]),
        *(f"{text:<{width}}" for text, width in cells[_NUMBERS:]),
    ]


def _row(one: RuleFindings, currency: str) -> tuple[str, ...]:
    from guardrail.model.money import money

    saving = ""
    if one.saving is not None:
        saving = ("" if one.is_whole else "known: ") + money(one.saving, currency)
    unknown = f" (+{one.unknown} unknown)" if one.unknown else ""
    rule = one.rule.rule
    return (
        saving,
        f"{one.findings}{unknown}",
        str(one.matched),
        rule.id,
        rule.enforcement.value,
        one.rule.source.pack or "own",
    )


def _as_json(found: list[RuleFindings], report: Report) -> str:
    from guardrail.model.money import plain

    rules = [
        {
            "rule": one.rule.rule.id,
            "title": one.rule.rule.title,
            "pack": one.rule.source.pack or None,
            "severity": one.rule.rule.severity,
            "enforcement": one.rule.rule.enforcement,
            "matched": one.matched,
            "applied": one.applied,
            "findings": one.findings,
            "unknown": one.unknown,
            "saving": plain(one.saving),
            "saving_is_whole": one.is_whole,
            "example": one.example or None,
        }
        for one in found
    ]
    return json.dumps({"schema": SCHEMA, "currency": report.currency, "rules": rules}, indent=2) + "\n"


list_format = click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the list of rules for an INPUT.",
)
