"""One rule as text, for `guardrail rules show`."""

from __future__ import annotations

import json
from collections.abc import Iterable

from guardrail.model.unknown import Json
from guardrail.policy.rules.literal import literal
from guardrail.policy.rules.packs.final import takes_waivers
from guardrail.policy.rules.rule import ALL_BUT_GONE, Rule, RuleEdit, RuleFile, RuleScope
from guardrail.policy.rules.selectors import SELECTORS


def explained(source: RuleFile) -> str:
    """Return a rule as people want to read it: what it is for, what it asks, and how to comply."""
    rule = source.rule
    lines = [f"{rule.id}: {rule.title}", ""]
    lines += [rule.description.strip(), ""] if rule.description else []
    facts = {
        "severity": rule.severity.value,
        "enforcement": rule.enforcement.value,
        "begins": rule.effective_from.isoformat() if rule.effective_from else "",
        "if unknown": rule.on_unknown.value,
        "waivable": _waivable(rule) if takes_waivers(rule) else "no",
        "final": "all of it" if rule.final is True else ", ".join(rule.final or ()),
        "tighter is": ", ".join(f"{name}: {way}" for name, way in rule.tighter.items()) if rule.final else "",
        "applies to": _applies_to(rule),
        "pack": source.pack,
        "file": source.file.where(),
        "docs": rule.docs,
    }
    lines += [f"{name + ':':<13}{value}" for name, value in facts.items() if value]
    lines += _section("parameters", rule.params)
    lines += _section("variables", rule.variables, literally=False)
    lines += ["", "must hold:", *(f"  {validation.expression}" for validation in rule.validations)]
    lines += ["", f"fix: {rule.fix}"] if rule.fix else []
    lines += ["", "edits (guardrail check --fix):", *map(_edit, rule.edits)] if rule.edits else []
    for expected, word in _WORDS.items():
        if example := example_of(rule, expected):
            lines += ["", f"an example that {word}:", *(f"  {line}" for line in example.splitlines())]
    return "\n".join(lines) + "\n"


def _waivable(rule: Rule) -> str:
    """Return what a waiver of a rule needs, as far as its file says it."""
    terms = rule.waivers
    asked = {
        f"by {', '.join(rule.waivable_by)}": bool(rule.waivable_by),
        "with an owner": terms.owner == "required",
        "with an amount": terms.amount == "required",
        f"for at most {terms.max_days} days": terms.max_days is not None,
        "not in a comment": terms.comments == "refused",
    }
    return ", ".join(["yes", *(text for text, is_asked in asked.items() if is_asked)])


_WORDS = {"pass": "passes", "fail": "fails"}


_SAID = {"message", "edits", "no_edit"}


def example_of(rule: Rule, expected: str) -> str:
    """Return the first test of a rule that expects this, one with a message before others, as YAML without what a test is told by; "" for none."""
    tests = [one for one in rule.tests if one["expect"] == expected]
    test = next((one for one in tests if one.get("message")), tests[0] if tests else None)
    if test is None:
        return ""
    said = {key: value for key, value in test.items() if key not in {"name", "expect"}}
    ordered = sorted(said.items(), key=lambda one: one[0] in _SAID)  # what is asked first, what is said last
    return "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in ordered)


def documented(rules: Iterable[RuleFile]) -> str:
    """Return rules as a page in Markdown, by id: what each asks, how to comply, and an example that passes and one that fails."""
    return "\n".join(["# Rules", "", *map(rule_section, sorted((one.rule for one in rules), key=lambda one: one.id))])


def rule_section(rule: Rule) -> str:
    """Return a rule as a section in Markdown, with its parameters, an example that passes and one that fails."""
    lines = [f"## {rule.id}", "", f"{rule.title}.", ""]
    lines += [rule.description.strip(), ""] if rule.description else []
    facts = {
        "severity": rule.severity.value,
        "enforcement": rule.enforcement.value,
        "applies to": _applies_to(rule, code="`"),
        "parameters": ", ".join(f"`{name}: {json.dumps(value)}`" for name, value in rule.params.items()),
        "fix": rule.fix,
        "more": rule.docs,
    }
    lines += [f"- {name}: {' '.join(text.split())}" for name, text in facts.items() if text]
    for expected, word in _WORDS.items():
        if example := example_of(rule, expected):
            lines += ["", f"An example that {word}:", "", "```yaml", *example.splitlines(), "```"]
    return "\n".join([*lines, ""])


def _section(title: str, values: dict[str, Json], *, literally: bool = True) -> list[str]:
    if not values:
        return []
    return [
        "",
        f"{title}:",
        *(f"  {name} = {literal(value) if literally else value}" for name, value in values.items()),
    ]


def _edit(edit: RuleEdit) -> str:
    what = f"set {edit.set} = {edit.value}" if edit.set else f"rename {edit.rename} to {edit.to}"
    each = f", for each of {edit.for_each}" if edit.for_each else ""
    return f"  {what}{each}" + (f", when {edit.when}" if edit.when else "")


def _applies_to(rule: Rule, *, code: str = "") -> str:
    """Return what a rule is asked about; `code` stands around what is no English."""
    if rule.scope is RuleScope.BUDGET:
        return "each budget"
    match = rule.match
    what = (
        "the whole plan" if rule.scope is RuleScope.PLAN else f"resources of type {code}{', '.join(match.types)}{code}"
    )
    parts = [what]
    if match.taggable is not None:
        parts.append("that can carry tags" if match.taggable else "that cannot carry tags")
    if rule.waste:
        parts.append("unless they cost nothing")
    if match.actions != ALL_BUT_GONE:
        parts.append(f"on {', '.join(sorted(match.actions))}")
    chosen = {name: getattr(match, name) for name in ("providers", "projects", "environments", *SELECTORS)}
    chosen |= {f"tag {key}": values for key, values in match.tags.items()}
    parts += [
        f"{name}: {code}{', '.join(glob or 'none' for glob in globs)}{code}" for name, globs in chosen.items() if globs
    ]
    if rule.when:
        parts.append(f"when {code}{rule.when}{code}")
    return ", ".join(parts)
