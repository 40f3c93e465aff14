"""Which rules guardrail.yaml begins with: the packs that find something here, and what they find as advice only."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from guardrail.check.findings_by_rule import RuleFindings
from guardrail.model.money import ZERO, money
from guardrail.starter.survey import MIS_CASED, REQUIRED_TAGS, Survey
from guardrail.starter.text import comment, scalar

_AGREED = {"team", "env"}  # the tags that the shipped rules ask for by themselves


def pack_lines(seen: Survey) -> Iterator[str]:
    """Yield the packs: those that limit what is to come, and those that find something, each with why."""
    found: dict[str, list[RuleFindings]] = {}
    for one in seen.findings or ():
        found.setdefault(one.rule.source.pack, []).append(one)
    yield "    - budget  # what changes may cost, and what has no price"
    if machines := len(seen.machines):
        one_is = "a machine is" if machines == 1 else f"{machines} machines are"
        yield f"    - instance-sizes  # {one_is} in use"
    elif not seen.resources or "instance-sizes" in found:
        yield "    - instance-sizes  # sizes of machines, once there are any"
    if seen.findings is None and ("AWS" in seen.vendors or not seen.resources):
        yield "    - waste  # storage and logs of AWS that are paid for in vain"
    for pack, rules in found.items():
        if pack not in {"budget", "instance-sizes", "tagging"}:
            yield f"    - {pack}  # {_counted(sum(one.findings for one in rules), 'finding')} today"
    if seen.tags:
        yield f"    - tagging  # {seen.taggable - seen.untagged} of {seen.taggable} resources carry {comment(', '.join(seen.tags))}"
    elif "tagging" in found:
        yield "    - tagging"
    else:
        yield "    # - tagging  # once you have agreed on tags: name them with `set: {required-tags: {params: {required: [...]}}}`"


def set_lines(seen: Survey) -> Iterator[str]:
    """Yield what is set of rules: those that find something are advisory, those of tags ask for what most resources carry."""
    found = {one.rule.rule.id: one for one in seen.findings or ()}
    settings = {**_of_tags(seen, found), **{name: [] for name in found if name not in {REQUIRED_TAGS, MIS_CASED}}}
    if not settings:
        return
    if found:
        yield "  # These rules find something today. They report it, and block nothing. To raise one, write approval (blocks until somebody"
        yield "  # approves) or mandatory (blocks) in place of advisory. Rules that find nothing are not listed; to see what each finds and saves:"
        yield f"  # guardrail rules list --all {comment(shlex.quote(seen.projects[0].path or seen.projects[0].plan))}"
    yield "  set:"
    for name, parts in settings.items():
        one = found.get(name)
        given = ", ".join([*(["enforcement: advisory"] if one else []), *parts])
        yield f"    {name}: {{{given}}}" + (f"  # {comment(finds(one))}" if one else "")


def finds(one: RuleFindings) -> str:
    """Return what a rule finds, in one line: how often, what that saves, and where for example."""
    saving = ""
    if one.saving is not None and one.saving > ZERO:
        saving = f", {'' if one.is_whole else 'known '}saving {money(one.saving, 'USD')} a month"
    return f"{_counted(one.findings, 'finding')}{saving}: {one.example}"


def _of_tags(seen: Survey, found: Iterable[str]) -> dict[str, list[str]]:
    """Return what is set of the rules of tags, by rule: nobody has agreed on tags that few resources carry."""
    if not seen.tags:
        return {REQUIRED_TAGS: ["enabled: false"], MIS_CASED: []} if MIS_CASED in found else {}
    tags = ", ".join(map(scalar, seen.tags))
    keys = set(seen.tags) != _AGREED or MIS_CASED in found
    return {
        REQUIRED_TAGS: [f"params: {{required: [{tags}]}}"],
        **({MIS_CASED: [f"params: {{keys: [{tags}]}}"]} if keys else {}),
    }


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
