"""`guardrail recommend`: what would lower the cost, each evaluated before it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from guardrail.cli.limits import limit_options, limited
from guardrail.cli.options import flags, input_options
from guardrail.errors import InputError, did_you_mean
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.recommend.commitments.accounts import Accounts
    from guardrail.recommend.recommendation import Recommendations
    from guardrail.recommend.scene import Facts

KIND_NAMES = ("rightsizing", "clean-up", "spot", "schedules", "commitments")
"""The kinds there are. A test compares them with `guardrail.recommend.kinds`, which is not imported for `--help`."""


class Kinds(click.ParamType[tuple[str, ...]]):
    """Names of kinds with commas between them."""

    name = "kind,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names, each once."""
        names = tuple(dict.fromkeys(str(value).split(",")))
        for name in names:
            if name not in KIND_NAMES:
                hint = did_you_mean(name, KIND_NAMES) or f"known: {', '.join(KIND_NAMES)}"
                self.fail(f"{name!r} is no kind of recommendation; {hint}", param, ctx)
        return names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the kinds that are not there yet, after the last comma."""
        _ = ctx, param
        before, comma, begun = incomplete.rpartition(",")
        offered = [name for name in KIND_NAMES if name.startswith(begun) and name not in before.split(",")]
        return [CompletionItem(f"{before}{comma}{name}") for name in offered]


@click.command(short_help="What would lower the cost, by how much, with the edit.")
@input_options
@click.option("--only", type=Kinds(), help=f"Only some kinds: {', '.join(KIND_NAMES)}. Default: all.")
@click.option(
    "--metrics",
    "metrics_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="File of metrics, in any format that `guardrail ledger import --metrics` takes. Repeatable.",
)
@click.option(
    "--ledger",
    "where",
    metavar="PATH",
    help="Ledger to read metrics, ids, and bills for commitments from. Needs DuckDB.",
)
@click.option(
    "--usage-by-hour",
    "usage_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="CSV of use by the hour to plan commitments from: hour,vendor,region,name,quantity (and what, price). Repeatable.",
)
@click.option(
    "--term",
    type=click.Choice(["1yr", "3yr"]),
    help="Term of commitments. Default: the shortest that there are rates of.",
)
@click.option(
    "--payment",
    type=click.Choice(["no_upfront", "partial_upfront", "all_upfront"]),
    help="How commitments of AWS are paid for. Default: with the least in advance.",
)
@click.option(
    "--ending",
    multiple=True,
    metavar="ID",
    help="Commitment that ends soon, by its id on the bill: what it covers is planned for again. Repeatable.",
)
@click.option(
    "--days",
    type=click.IntRange(14),
    default=92,
    show_default=True,
    help="How many of the newest days of use decide on commitments.",
)
@click.option(
    "--fix-diff", is_flag=True, help="Print all edits as one diff, for git apply, instead of the recommendations."
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
@limit_options
def recommend(**values: Any) -> int:
    """Recommend what lowers the cost, what saves most first. Nothing is changed.

    Each recommendation is done to the planned values, or to a copy of the configuration, and priced again at the prices that
    you pay; one that would break another rule is withheld. A saving that is not known is said to be so, and is in no sum.

    INPUT is plan JSON, a saved plan, a folder of configuration, the JSON of a state (`terraform show -json`), or - for
    standard input; repeatable. Default: the projects of guardrail.yaml, else the current folder. With --ledger there may be none:
    then bills tell what to commit to, and what is in no state.

    \b
    Examples:
      guardrail recommend plan.json
      guardrail recommend . --fix-diff | git apply
      terraform show -json | guardrail recommend - --metrics metrics.csv
      guardrail recommend --ledger ledger
      guardrail recommend --only rightsizing --format markdown
      guardrail recommend --only schedules --fix-diff | git apply
      guardrail recommend --only commitments --ledger ledger

    \b
    Exit codes: 0, also with recommendations; 1 if one saves more than recommend.block_above of guardrail.yaml allows to be
    open; 2 could not be evaluated, 3 internal error.
    """
    from guardrail.cli.output import say, terminal_width
    from guardrail.cli.progress import shown_progress
    from guardrail.config import settings
    from guardrail.recommend.output.document import as_json
    from guardrail.recommend.output.text import as_markdown, as_text
    from guardrail.recommend.recommend import recommend as run

    with limited(values["seconds"], values["megabytes"]):
        with shown_progress():
            chosen = settings(flags(values), Path.cwd())
            facts = _facts(values["metrics_files"], values["where"], values["only"] or KIND_NAMES)
            found = run(
                *(chosen, facts, values["only"] or ()),
                accounts=_accounts(values, chosen),
                may_have_none=_may_have_none(values),
            )
        if values["fix_diff"]:
            _print_edits(found, removes="clean-up" in (values["only"] or ()))
        else:
            formats = {"text": lambda found: as_text(found, terminal_width()), "markdown": as_markdown, "json": as_json}
            say(formats[values["format_name"]](found))
    return int(ExitCode.BLOCKED if found.blocking else ExitCode.OK)


def _may_have_none(values: Mapping[str, Any]) -> bool:
    """Say whether a ledger may be all that there is: bills tell what to commit to, and what no state has."""
    tells = {"clean-up", "commitments"}.intersection(values["only"] or KIND_NAMES)
    return bool(tells and values["where"]) and not values["inputs"]


def _facts(files: tuple[Path, ...], where: str | None, kinds: tuple[str, ...]) -> Facts:
    from guardrail.recommend.facts import facts_of_files, facts_of_ledger, joined
    from guardrail.recommend.scene import NO_FACTS

    of_resources = set(kinds) != {"commitments"}
    found = facts_of_ledger(where, with_unmanaged="clean-up" in kinds) if where and of_resources else NO_FACTS
    return joined(found, facts_of_files(files)) if files else found


def _accounts(values: Mapping[str, Any], chosen: Settings) -> Accounts | None:
    """Return what commitments are planned from; None where nobody asks for them. The ledger of guardrail.yaml has to be asked for.

    Without a bill, what INPUT has is planned for.
    """
    from guardrail.finops.commitments.advice import Wanted
    from guardrail.recommend.commitments.accounts import FIX, NO_HOURS, accounts_of

    only, where, files = values["only"], values["where"], values["usage_files"]
    if only and "commitments" not in only:
        return None
    if not only and where is None and not files:
        return None
    months = {"1yr": 12, "3yr": 36}.get(values["term"])
    wanted = Wanted(months, values["payment"] or "", values["days"])
    found = accounts_of(where or (None if files else chosen.ledger), files, wanted, chosen.now, values["ending"])
    if not found.hours and only and not values["inputs"]:
        raise InputError(NO_HOURS, where=where or chosen.ledger, fix=FIX)
    return found


def _print_edits(found: Recommendations, *, removes: bool) -> None:
    """Print the diff, and on the other stream what it does, what has no edit, and what it saves."""
    from guardrail.cli.check.fix import print_diff
    from guardrail.model.money import ZERO, money
    from guardrail.report.format import count
    from guardrail.report.text import safe
    from guardrail.terraform.edit.sensitive_lines import SensitiveLines

    print_diff(found.files, SensitiveLines({file.parent for file in found.files}), by="")
    edits = [one for one in found.open if one.edit and one.is_counted and (removes or not one.proposal.deletes)]
    for one in found.open:
        unasked = "a block is removed with --only clean-up alone" if one.edit and one.proposal.deletes else ""
        why = "" if one in edits else f": {one.no_edit or unasked or 'it is not in the sum: see its notes'}"
        done = "leaves" if why else "edits"
        click.echo(safe(f"{done} {one.subject}: {one.proposal.title}{why}", 2_000), err=True)
    saving = sum((one.saving for one in edits if one.saving is not None), ZERO)
    of = count(len(found.open), "recommendation")
    click.echo(f"{len(edits)} of {of} edited; saves {money(saving, found.currency)} a month", err=True)
