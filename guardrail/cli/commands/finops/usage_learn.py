"""`guardrail usage learn`: usage that a bill tells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.ledger_options import no_bill
from guardrail.cli.options import flags, input_options
from guardrail.errors import ConfigError, InputError, did_you_mean

if TYPE_CHECKING:
    from guardrail.config import Settings, Source
    from guardrail.costs.usage.edit import UsageLine
    from guardrail.finops.accuracy.pairing import Billed
    from guardrail.finops.learning import Learned, Unlearned
    from guardrail.ledger.views import Ledger

_FILE = "infracost-usage.yml"
_MARK = "learned from "


class Days(click.ParamType[int]):
    """A number of days, like 92d."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        found = re.fullmatch(r"([1-9]\d{0,3})d", str(value), re.ASCII)
        if not found:
            self.fail(f"{value!r} is not a number of days like 92d", param, ctx)
        return int(found[1])


@click.command(short_help="Take usage from the bills in a ledger.")
@input_options
@click.option(
    "--ledger",
    "where",
    metavar="PATH",
    help="Folder or address of the ledger. Default: what guardrail.yaml names, else ledger.",
)
@click.option(
    "--window",
    type=Days(),
    default="92d",
    show_default=True,
    help="How many days of bills are learned from, up to the newest charge.",
)
@click.option("--write", is_flag=True, help="Write the usage file. Default: print what it would be.")
def learn(*, write: bool, window: int, **values: Any) -> None:
    """Take usage from the bills in a ledger: for each resource of a project, what its definition would have been billed for.

    What was billed is turned into the value of a usage key for a month of 730 hours. The comment of a line tells the months and
    the days that it was learned from, and the 95th percentile of the months. A key that you have given yourself stays as it
    is; lines that were learned before are written anew. The file is the one of --usage-file, else of guardrail.yaml, else
    infracost-usage.yml.

    \b
    Examples:
      guardrail usage learn
      guardrail usage learn plan.json --project shop --usage-file infracost-usage.yml --write
    """
    from guardrail.config import settings
    from guardrail.costs.usage.edit import with_lines

    chosen = settings(flags(values), Path.cwd())
    source = _project(chosen)
    path = source.usage or chosen.base / _FILE
    text = _text(path)
    learned, unlearned = _learned(source, chosen, values, window)
    edited = with_lines(text, [_line(one) for one in learned], _MARK, name=str(path))
    for one in edited.kept:
        click.echo(
            f"guardrail: {one.address}: {one.key} is given already, and stays; the bill says {one.value}", err=True
        )
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for other in unlearned:
        alike[other.component, other.why].append(other.address)
    for (component, why), addresses in alike.items():
        more = f" and {len(addresses) - 1:,} more" if addresses[1:] else ""
        click.echo(f"guardrail: {addresses[0]}{more}: {component} tells nothing: {why}", err=True)
    count = len(learned) - len(edited.kept)
    if not count:
        click.echo("guardrail: the bill tells no usage that is not given already", err=True)
    elif write:
        _written(path, edited.text)
        click.echo(f"{path.name}: {count} lines learned" if edited.text != text else f"{path.name}: nothing is new")
    else:
        click.echo(edited.text, nl=False)
    if count and source.usage is None:
        fix = f"--usage-file {path.name}, or usage: {path.name} of the project in guardrail.yaml"
        click.echo(f"guardrail: checks and estimates read it with {fix}", err=True)


def _text(path: Path) -> str:
    """Return what the file says, "" where there is none yet."""
    try:
        return path.read_bytes().decode("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}", where=str(path)
        ) from None


def _written(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _project(chosen: Settings) -> Source:
    names = {source.name for source in chosen.sources}
    if len(chosen.sources) != 1:
        what = f"usage is learned for one project, and there are {len(names)}: {', '.join(sorted(names))}"
        raise InputError(what, fix="choose one: --project NAME")
    return chosen.sources[0]


def _learned(
    source: Source, chosen: Settings, values: Mapping[str, Any], window: int
) -> tuple[list[Learned], list[Unlearned]]:
    """Return what the bills of a project's resources tell."""
    from guardrail.costs import NO_USAGE, Engine, Library
    from guardrail.costs.inventory import Inventory
    from guardrail.finops.learning import learn as run
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.queries.comparing import newest_charge
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger
    from guardrail.load import prices, readable_plans, usage_of

    tags = TagKeys(chosen.address_tag, chosen.project_tag)
    ledger = open_ledger(open_store(values["where"] or chosen.ledger), tags)
    until = newest_charge(ledger)
    if until is None:
        raise no_bill(ledger.where)
    rows = _rows(ledger, source.name, until - timedelta(days=window))
    library = Library(chosen.definitions)
    (_, plan), *others = readable_plans(chosen)
    changes = [*plan.changes, *(change for _, other in others for change in other.changes)]
    engine = Engine(library, prices(chosen), default_regions=chosen.default_region)
    usage = usage_of(source) if source.usage and source.usage.is_file() else NO_USAGE
    return run(changes, Inventory(changes, plan.data), engine, library, usage, rows, until)


def _rows(ledger: Ledger, project: str, since: datetime) -> list[Billed]:
    """Return what of a bill is of a project's resources. Raises InputError where nothing is."""
    from guardrail.finops.accuracy.pairing import Billed, meter_names
    from guardrail.finops.exact import units
    from guardrail.finops.unit import unit_of
    from guardrail.ledger.queries.comparing import used_rows

    found = used_rows(ledger, since)
    known = sorted({row.project for row in found})
    if project not in known:
        fix = did_you_mean(project, known) or (
            f"charges are of {', '.join(known)}: --project names one" if known else ""
        )
        fix = fix or "add its state: `terraform show -json | guardrail ledger add - --project NAME`"
        raise InputError(f"no charge is matched with a resource of the project {project!r}", fix=fix)
    return [
        Billed(
            source=row.source,
            currency="",
            project=row.project,
            address=row.address,
            evidence=row.evidence,
            category="Usage",
            commitment=None,
            of_commitment=False,
            meters=meter_names(row.meter, row.meter_name),
            unit=unit_of(row.unit),
            service=None,
            team=None,
            quantity=None if row.quantity is None else Fraction(row.quantity),
            unit_price=units(row.list_price),
            listed=None,
            contracted=None,
            cost=0,
            rows=row.rows,
            begin=row.begin,
            end=row.end,
            month=row.month,
        )
        for row in found
        if row.project == project
    ]


def _line(one: Learned) -> UsageLine:
    from guardrail.costs.usage.edit import UsageLine

    months = ", ".join(f"{month} {_number(value)}" for month, value in one.months.items())
    comment = f"{_MARK}{one.days} days of the bill ({one.unit}): {months}; p95 {_number(one.quantile)}"
    return UsageLine(one.address, one.key, _number(one.value), comment)


def _number(value: Fraction) -> str:
    """Return a rounded value without an exponent."""
    text = f"{float(value):.12f}".rstrip("0").rstrip(".")
    return text or "0"
