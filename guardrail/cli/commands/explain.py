"""`guardrail explain`: how a number or a rule comes about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli import suggest
from guardrail.cli.options import flags, input_options
from guardrail.errors import ConfigError, InputError, did_you_mean

if TYPE_CHECKING:
    from guardrail.config import Settings

_RULE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@click.command(short_help="How a number came about, or what a rule says.")
@click.argument("what", metavar="ADDRESS|RULE", shell_complete=suggest.rules)
@input_options
def explain(what: str, **values: Any) -> None:
    """Explain the cost of a resource (every expression, its value, and the price row it led to), or a rule.

    ADDRESS is a resource as Terraform prints it; quote it, as shells take brackets for their own.

    \b
    Examples:
      guardrail explain 'module.web["a"].aws_instance.this[0]' plan.json
      guardrail explain required-tags
    """
    from guardrail.config import settings  # noqa: PLC0415 - only when it runs

    chosen = settings(flags(values), Path.cwd())
    click.echo(_rule(what, chosen) if _RULE_ID.fullmatch(what) else _resource(what, chosen))


def _rule(rule_id: str, chosen: Settings) -> str:
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.load import rules_of  # noqa: PLC0415 - only when it runs
    from guardrail.policy import explained  # noqa: PLC0415

    rules = {rule.rule.id: rule for rule in rules_of(chosen, Library(chosen.definitions)).rules}
    if rule_id not in rules:
        raise ConfigError(f"no rule that plays here is called {rule_id}", fix=did_you_mean(rule_id, rules))
    return explained(rules[rule_id].source).rstrip()


def _resource(address: str, chosen: Settings) -> str:
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.costs.explain import explained  # noqa: PLC0415
    from guardrail.costs.inventory import Inventory  # noqa: PLC0415
    from guardrail.load import plans, prices, usage_of  # noqa: PLC0415 - only when it runs

    library, catalog = Library(chosen.definitions), prices(chosen)
    read = plans(chosen)
    found = [(source, plan, change) for source, plan in read for change in plan.changes if change.address == address]
    if found[1:]:
        names = ", ".join(source.name for source, _, _ in found)
        raise InputError(f"{address} is in several projects: {names}", fix="choose one: --project NAME")
    for source, plan, change in found:
        inventory = Inventory(plan.changes, plan.data)
        return explained(change, inventory, library, catalog, usage_of(source), chosen.default_region)
    for fault in (plan.fault for _, plan in read if plan.fault):  # it may be in what could not be read
        raise fault
    known = [change.address for _, plan in read for change in plan.changes]
    raise InputError(f"no resource of the plan has the address {address}", fix=did_you_mean(address, known))
