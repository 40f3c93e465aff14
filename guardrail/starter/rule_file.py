"""A first rule of one's own: a ceiling at the largest that is in use, so that it holds today and means something."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from guardrail.errors import GuardrailError, InputError
from guardrail.files import read_yaml
from guardrail.model.money import money
from guardrail.policy import read_folder
from guardrail.policy.variables.machine_attributes import MACHINE_TYPES
from guardrail.starter.proposal import Proposal, kept, leads_out
from guardrail.starter.survey import VENDORS, Machine, Survey
from guardrail.starter.text import comment, filled, rounded_up, scalar

FOLDERS = ("policies", "guardrail")
"""Where one's own rules go, and where the hook looks for them: the first that does not hold something else already."""

# A type of each vendor whose tests can name a machine, for types that name theirs in a nested block.
_USUAL = {"aws": "aws_instance", "azurerm": "azurerm_linux_virtual_machine", "google": "google_compute_instance"}
_OTHER = {"aws": "aws_s3_bucket", "azurerm": "azurerm_storage_account", "google": "google_storage_bucket"}
_NOTHING_PRICED = 500  # US dollars a month


def rule_file(seen: Survey, config: Path | None) -> tuple[Proposal, str]:
    """Propose a first rule. Return it, and the folder that one's own rules lie in then, "" for none.

    `config` is guardrail.yaml if there is one already.
    """
    path, text, reason = _rule(seen)
    # A second folder of rules beside one that is in use already would only confuse.
    if config and (named := _named_in(config)):
        return kept("rule", config.parent / named, f"{config.name} names rules of your own"), named
    for name in FOLDERS:
        folder = seen.folder / name
        if leads_out(folder, seen.folder) or (folder.exists() and not folder.is_dir()):
            continue
        if not any(folder.rglob("*.y*ml")):
            hand = f"in {config.name}, to activate it: rules: {{paths: [{name}]}}" if config else ""
            return Proposal("rule", folder / path, after=text, reason=reason, by_hand=hand), name
        if _holds_rules(folder):
            return kept("rule", folder, "there are rules in it"), name
    return kept("rule", seen.folder / FOLDERS[-1], "there is something else in it"), ""


def _rule(seen: Survey) -> tuple[str, str, str]:
    """Return name, text and reason of the rule: about machines, else about costs, with a ceiling that nothing exceeds."""
    if machine := seen.largest:
        return "machine-above-ceiling.yaml", _machine_rule(machine), f"{machine.name} is the largest machine in use"
    if seen.dearest:
        cost, type_, address = seen.dearest
        why = f"The most expensive resource is {comment(address)} with {money(cost, 'USD')} a month."
        return "resource-above-ceiling.yaml", _cost_rule(rounded_up(cost), type_, why), why.rstrip(".")
    why = "Nothing with a price was found, so the ceiling is a guess: set it to what needs a second look."
    type_ = next((type_ for provider, type_ in _USUAL.items() if VENDORS[provider] in seen.vendors), _USUAL["aws"])
    return "resource-above-ceiling.yaml", _cost_rule(str(_NOTHING_PRICED), type_, why), "a ceiling to be set"


def _machine_rule(machine: Machine) -> str:
    vendor = machine.type.partition("_")[0]
    named = MACHINE_TYPES[machine.type][0]
    type_ = machine.type if "." not in named else _USUAL[vendor]
    return filled(
        "machine-above-ceiling.yaml",
        name=scalar(machine.name),
        vcpu=f"{machine.vcpu:g}",
        more=f"{machine.vcpu * 2:g}",
        address=comment(machine.address),
        type=type_,
        attribute=MACHINE_TYPES[type_][0],
        other=_OTHER[vendor],
    )


def _cost_rule(monthly: str, type_: str, why: str) -> str:
    more = str(int(monthly) + 1)
    shown = {f"{name}_shown": money(Decimal(amount), "USD") for name, amount in (("monthly", monthly), ("more", more))}
    return filled("resource-above-ceiling.yaml", monthly=monthly, more=more, type=type_, why=why, **shown)


def _named_in(config: Path) -> str:
    """Return the first folder of rules that a configuration names."""
    try:
        content = read_yaml(config, InputError).data
    except GuardrailError:
        return ""
    rules = content.get("rules") if isinstance(content, dict) else None
    paths = rules.get("paths") if isinstance(rules, dict) else None
    return str(paths[0]) if isinstance(paths, list) and paths else ""


def _holds_rules(folder: Path) -> bool:
    try:
        return bool(read_folder(folder))
    except GuardrailError:
        return False
