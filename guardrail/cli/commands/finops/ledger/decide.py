"""`guardrail ledger decide`: what somebody has decided about a finding."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from msgspec.structs import replace

from guardrail.cli.ledger_options import ledger_of, ledger_options, now_option, settings_of
from guardrail.cli.options import Day
from guardrail.errors import ConfigError


class Money(click.ParamType[Decimal]):
    """An amount, like 12.50."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the amount."""
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.fail(f"{value!r} is no amount like 12.50", param, ctx)
        return found


@click.command(short_help="Record an approval, a dismissal, or that something was done.")
@click.argument("kind", type=click.Choice(["approved", "dismissed", "done"]))
@click.argument("rule")
@click.argument("address", default="")
@click.option("--project", default="", help="The project. Default: the one of guardrail.yaml, if there is one alone.")
@click.option("--by", required=True, help="Who has decided.")
@click.option("--reason", required=True, help="Why.")
@click.option("--expires", type=Day(), help="Last day that it holds. Default: no end.")
@click.option("--amount", type=Money(), help="Monthly amount that it is about, in the currency of guardrail.yaml.")
@click.option("--pull-request", type=click.IntRange(min=1), help="Number of the pull request.")
@ledger_options
@now_option
def decide(**values: Any) -> None:
    """Record what somebody has decided about a finding: of RULE, about the resource at ADDRESS, or the whole project.

    The view `decisions` has it, and `findings.approval` names who has approved a finding. No verdict depends on it: what
    lets a finding pass is an approval (docs/approvals.md) or a waiver, and those that runs have seen are decisions, too.

    \b
    Examples:
      guardrail ledger decide approved expensive-resource aws_instance.db --project shop --by ana --reason "until June"
      guardrail ledger decide done gp2-volume aws_ebs_volume.data --project shop --by ana --reason "#42" --amount 2.00
    """
    from guardrail.ledger.records.decisions import Decided, Decision, fact_of_decision
    from guardrail.ledger.storage.store import open_store

    chosen = settings_of(values)
    project = values["project"] or (next(iter(chosen.environments)) if len(chosen.environments) == 1 else "")
    for name in ("rule", "by", "reason"):
        if not values[name].strip():
            raise ConfigError(f"{name} is empty", fix="say it")
    if not project:
        raise ConfigError("nothing says which project it is of", fix="say it: --project NAME")
    decision = Decision(
        values["now"] or datetime.now(UTC),
        Decided(values["kind"]),
        *(project, values["rule"], values["address"], values["by"], values["reason"]),
        expires=values["expires"],
        pull_request=values["pull_request"],
    )
    if values["amount"] is not None:
        decision = replace(decision, amount=values["amount"], currency=chosen.currency)
    fact = fact_of_decision(decision)
    is_new = open_store(ledger_of(values, chosen)).put(fact.path, fact.data)
    click.echo(f"{'added ' if is_new else 'known '} {fact.path}")
