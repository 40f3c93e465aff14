"""`guardrail rules list INPUT`: which rules apply to an input, and what each finds and would save there."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.options import flags

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.model.report import Report
    from guardrail.policy import CompiledRule

SCHEMA = "guardrail.rules/v1"
_NOTHING = Decimal(0)
_HEAD: tuple[str, ...] = ("saving", "findings", "matches", "rule", "enforcement", "pack")
_NUMBERS = 3  # columns of numbers, which come first


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule and what it comes to for an input.

    matched   how many resources, plans or budgets its `match` fits; `applied`: whether its `when` was true, or open, for any
    findings  how many of them fail, those that failed before the change as well; `unknown` of how many it cannot be told
    saving    what mending them saves a month, as far as that is known; None where nothing of it is
    is_whole  whether the saving of every finding is known
    """

    rule: CompiledRule
    matched: int
    applied: bool
    findings: int
    unknown: int
    saving: Decimal | None
    is_whole: bool


def print_listed(values: dict[str, Any], *, everything: bool, format_name: str) -> None:
    """Evaluate the input and print the rules, what saves most first. Raises GuardrailError."""
    from guardrail.cli.output import say  # noqa: PLC0415 - only when it runs
    from guardrail.cli.progress import shown_progress  # noqa: PLC0415
    from guardrail.config import settings  # noqa: PLC0415

    with shown_progress():
        found, report = listed(settings(flags(values), Path.cwd()), everything=everything)
    say(_as_json(found, report) if format_name == "json" else _as_text(found, report))


def listed(chosen: Settings, *, everything: bool) -> tuple[list[ListedRule], Report]:
    """Return the rules with what they come to, by what they save, find and match; `everything`: those of all shipped packs, too."""
    from guardrail import data  # noqa: PLC0415 - only when it runs
    from guardrail.check import check  # noqa: PLC0415
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.load import engine_of, loaded_rules, prices  # noqa: PLC0415
    from guardrail.policy import packs  # noqa: PLC0415

    if everything:
        brought = [pack for pack in packs(data.rules_dir()) if pack not in chosen.rules.sources]
        chosen = replace(chosen, rules=chosen.rules.model_copy(update={"packs": tuple(brought)}))
    library = Library(chosen.definitions)
    loaded = loaded_rules(chosen, library)
    report = check(chosen, engine=engine_of(chosen, library, prices(chosen)), loaded=loaded)
    found = [_listed(rule, report) for rule in loaded.on(chosen.now.date()).rules]
    found.sort(key=lambda one: (-(one.saving or _NOTHING), -one.findings, -one.matched, one.rule.rule.id))
    return found, report


def _listed(rule: CompiledRule, report: Report) -> ListedRule:
    from guardrail.model.finding import FindingStatus  # noqa: PLC0415 - only when it runs

    own = [one for one in report.all_findings if one.rule == rule.rule.id]
    unknown = sum(one.status is FindingStatus.UNKNOWN for one in own)
    savings = [one.saving for one in own if one.status is not FindingStatus.UNKNOWN]
    known = [one for one in savings if one is not None]
    use = report.rule_use[rule.rule.id]
    total = sum(known, _NOTHING) if known else None
    return ListedRule(rule, use.matched, use.applied, len(savings), unknown, total, len(known) == len(savings))


def _as_text(found: list[ListedRule], report: Report) -> str:
    from guardrail.report.format import count  # noqa: PLC0415 - only when it runs

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


def _row(one: ListedRule, currency: str) -> tuple[str, ...]:
    from guardrail.model.money import money  # noqa: PLC0415 - only when it runs

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


def _as_json(found: list[ListedRule], report: Report) -> str:
    from guardrail.model.money import plain  # noqa: PLC0415 - only when it runs

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
