"""`guardrail explain`: how a number or a verdict comes about, and what a rule says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli import suggest
from guardrail.cli.options import flags, input_options

if TYPE_CHECKING:
    from guardrail.config import Settings

_RULE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@click.command(short_help="Show how a cost or a verdict is computed, or what a rule requires.")
@click.argument("what", metavar="ADDRESS|RULE", shell_complete=suggest.rules)
@input_options
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format for a rule's verdict: text, or JSON with values in full.",
)
def explain(what: str, format_name: str, **values: Any) -> None:
    """Show how the cost of a resource or the verdict of a rule is computed, or what a rule requires.

    \b
    ADDRESS                the cost of a resource: every expression with its
                           value, and the price that it selects
    RULE                   what the rule requires, and how to comply
    RULE ADDRESS [INPUT]   the verdict of the rule on a resource: `match`,
                           `when`, variables, and each part of each
                           validation with its value
    RULE INPUT             the same for a rule about the whole plan
    RULE BUDGET [INPUT]    the same for a rule about budgets, by the budget's name

    ADDRESS is a resource address as Terraform prints it; quote it, as it may hold brackets. Sensitive values, and what is
    computed from them, are not shown.

    \b
    Examples:
      guardrail explain 'module.web["a"].aws_instance.this[0]' plan.json
      guardrail explain required-tags
      guardrail explain required-tags 'aws_instance.this[0]' plan.json
      guardrail explain budget-exceeded web plan.json
    """
    from guardrail.config import settings

    is_rule, inputs = _RULE_ID.fullmatch(what), values["inputs"]
    address = inputs[0] if is_rule and inputs and not _is_input(inputs[0]) else ""
    chosen = settings(flags({**values, "inputs": inputs[1:] if address else inputs}), Path.cwd())
    if is_rule and inputs:
        click.echo(_working(what, address, chosen, format_name))
    elif format_name != "text":
        raise click.UsageError(
            "--format json is for RULE ADDRESS: the cost of a resource is in `estimate --format json`"
        )
    else:
        click.echo(_rule(what, chosen) if is_rule else _resource(what, chosen))


def _is_input(text: str) -> bool:
    return text == "-" or Path(text).exists()


def _rule(rule_id: str, chosen: Settings) -> str:
    from guardrail.costs import Library
    from guardrail.debugging import active_rule
    from guardrail.policy.rules.explain import explained

    return explained(active_rule(chosen, Library(chosen.definitions), rule_id).source).rstrip()


def _working(rule_id: str, address: str, chosen: Settings, format_name: str) -> str:
    from guardrail.debugging import explain_rule

    working = explain_rule(chosen, rule_id, address)
    return json.dumps(working.as_json(), indent=2, ensure_ascii=False) if format_name == "json" else working.as_text()


def _resource(address: str, chosen: Settings) -> str:
    from guardrail.costs import Library
    from guardrail.costs.explain import explained
    from guardrail.costs.inventory import Inventory
    from guardrail.load import engine_of, plans, prices, project_with, usage_of

    library, catalog = Library(chosen.definitions), prices(chosen)
    source, plan = project_with(plans(chosen), address)
    (change,) = (change for change in plan.changes if change.address == address)
    inventory = Inventory(plan.changes, plan.data)
    engine = engine_of(chosen, library, catalog).with_usage(usage_of(source))
    return explained(change, inventory, library, engine, chosen.currency)
