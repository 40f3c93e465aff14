"""`guardrail approve`: an approval of one finding, written into the approvals file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from guardrail.cli import suggest
from guardrail.cli.commands.waive import Amount, LastDay
from guardrail.cli.options import input_options

if TYPE_CHECKING:
    from guardrail.config import Settings


@click.command(short_help="Write an approval of a finding whose rule asks for one.")
@click.argument("rule", shell_complete=suggest.rules)
@click.argument("address")
@input_options
@click.option("--by", required=True, help="User or team that approves it: one of `approvers` in guardrail.yaml.")
@click.option("--reason", required=True, help="Why it is right.")
@click.option(
    "--until",
    type=LastDay(),
    default="30d",
    show_default=True,
    metavar="DAY",
    help="Its last day: 2027-01-31, or 30d for 30 days from today.",
)
@click.option("--ticket", default="", help="Where it was agreed.")
@click.option(
    "--up-to",
    type=Amount(),
    help="What it may come to a month. Default: what it comes to now. The approval holds until it is over 5% more.",
)
@click.option(
    "--unknown-amount", is_flag=True, help="Approve what has no price: as it is planned now, and nothing else."
)
@click.option("--print", "prints", is_flag=True, help="Print the approvals file as it would be, and write nothing.")
def approve(**values: Any) -> None:
    """Write an approval of one finding into the approvals file: of RULE, about ADDRESS, as it is now.

    ADDRESS is a resource address as Terraform prints it (quote it), budget:NAME, or plan. The projects of guardrail.yaml, or INPUT, are
    checked first: there has to be such a finding, and the approval is of what it comes to and of what is planned now. It lapses where
    either changes; amounts may grow by 5%. An approval of the same finding by the same approver is replaced.

    The file counts as it is on the branch that the change is merged into: merge it there first.

    \b
    Examples:
      guardrail approve expensive-resource aws_instance.db plan.json --by cfo --reason "agreed in FIN-12"
      guardrail approve budget-increase-exceeded budget:shop --by finops --reason "launch" --up-to 900 --until 60d
    """
    from guardrail.approvals.asked import Asked, approval_for
    from guardrail.approvals.writing import with_approval
    from guardrail.cli.check.judging import judged
    from guardrail.cli.output import write_whole
    from guardrail.errors import ConfigError
    from guardrail.model.money import money

    given = ("rule", "address", "by", "reason", "until", "ticket", "up_to", "unknown_amount")
    asked = Asked(**{name: values[name] for name in given}, project=values["project"] or "")
    seen: list[Settings] = []

    def remember(settings: Settings) -> Settings:
        seen.append(settings)
        return settings

    report = judged({**values, "policy_ref": "head"}, choose=remember)
    (settings,) = seen
    file = settings.approvals_file
    if file is None:
        fix = "run `guardrail init`, and name who may approve: approvers: [{user: ana}]"
        raise ConfigError("there is no guardrail.yaml", fix=fix)
    entry = approval_for(asked, report.all_findings, settings)
    text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
    written = with_approval(text, entry, name=str(file))
    if values["prints"]:
        click.echo(written, nl=False)
        return
    write_whole(file, written)
    limit = (
        "as it is planned now" if entry.amount is None else f"up to {money(entry.amount, settings.currency)} a month"
    )
    click.echo(f"{file}: {entry.rule} for {entry.address} is approved by {entry.by} until {entry.expires}, {limit}")
