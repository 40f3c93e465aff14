"""`guardrail waive`: an agreed exception, written into the waivers file."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli import suggest
from guardrail.cli.options import input_options

if TYPE_CHECKING:
    from guardrail.config import Settings

_DAYS = re.compile(r"(\d{1,4})d")


class LastDay(click.ParamType[date | timedelta]):
    """A day, or a number of days from today."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | timedelta:
        """Return the day, or how far it is away."""
        if isinstance(value, (date, timedelta)):
            return value
        if days := _DAYS.fullmatch(str(value)):
            return timedelta(days=int(days[1]))
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            self.fail(f"{value!r} is not a day like 2026-01-31, or a number of days like 30d", param, ctx)


class Amount(click.ParamType[Decimal]):
    """An amount of money a month."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the amount."""
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount.copy_abs() >= 10**12 or amount != round(amount, 2):
            self.fail(f"{value!r} is not an amount like 120 or 120.50", param, ctx)
        return amount


@click.command(short_help="Write a waiver: an agreed exception with a reason and a last day.")
@click.argument("rule", shell_complete=suggest.rules)
@click.argument("address")
@input_options
@click.option("--reason", required=True, help="Why the exception is right.")
@click.option(
    "--until",
    type=LastDay(),
    required=True,
    metavar="DAY",
    help="Its last day: 2027-01-31, or 30d for 30 days from today.",
)
@click.option("--owner", default="", help="Who answers for it: a person or a team.")
@click.option("--ticket", default="", help="Where it was agreed.")
@click.option(
    "--up-to",
    type=Amount(),
    help="What it may cost a month. Default: what it costs now. The waiver holds until it costs over 5% more.",
)
@click.option("--at-any-cost", is_flag=True, help="Bind the waiver to no amount.")
@click.option("--print", "prints", is_flag=True, help="Print the waivers file as it would be, and write nothing.")
def waive(**values: Any) -> None:
    """Write a waiver into the waivers file: an agreed exception from RULE for ADDRESS, with a reason and a last day.

    ADDRESS is a resource address as Terraform prints it (quote it), a glob of addresses, budget:NAME, or plan. The projects of
    guardrail.yaml, or INPUT, are checked first: there has to be such a finding, and what it costs is what the waiver is bound to.
    A waiver for the same rule and address is replaced.

    Whoever approves the change to the waivers file approves the waiver.

    \b
    Examples:
      guardrail waive expensive-resource aws_instance.db --reason "load test" --until 30d --owner data
      guardrail waive required-tags 'module.legacy.*' plan.json --reason "leaves in May" --until 2027-05-31
    """
    from guardrail.cli.check.judging import judged
    from guardrail.cli.output import write_whole
    from guardrail.waivers.asked import Asked, waiver_for
    from guardrail.waivers.writing import naming_waivers, waivers_file, with_waiver

    if values["up_to"] is not None and values["at_any_cost"]:
        raise click.UsageError("--up-to and --at-any-cost exclude each other")
    given = ("rule", "address", "reason", "until", "owner", "up_to", "at_any_cost")
    asked = Asked(**{name: values[name] for name in given})
    seen: list[Settings] = []

    def remember(settings: Settings) -> Settings:
        seen.append(settings)
        return settings

    report = judged({**values, "policy_ref": "head"}, choose=remember)
    (settings,) = seen
    config, file = waivers_file(settings)
    waiver = waiver_for(asked, report.all_findings, settings)
    text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
    written = with_waiver(text, waiver, ticket=values["ticket"], name=str(file))
    if values["prints"]:
        click.echo(written, nl=False)
        return
    named = naming_waivers(config) if settings.waivers is None else ""
    write_whole(file, written)
    if named:
        write_whole(config, named)
    limit = "at any cost" if waiver.up_to is None else f"up to {waiver.up_to:,.2f} {settings.currency} a month"
    click.echo(f"{file}: {waiver.rule} is waived for {waiver.address} until {waiver.expires}, {limit}")
