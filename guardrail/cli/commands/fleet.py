"""`guardrail fleet`: thousands of workspaces, judged by the rules and budgets of one guardrail.yaml."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.check.policy_ref import policy_ref_option, revision_of
from guardrail.cli.limits import memory_option, timeout_option
from guardrail.cli.options import Moment

if TYPE_CHECKING:
    from guardrail.fleet.collect import Fleet, Taker
    from guardrail.fleet.run import Run
    from guardrail.fleet.workspaces import Workspace

_PATH = click.Path(path_type=Path)
_FORMATS = ("table", "json", "markdown", "csv")
_PAUSE = 30.0  # seconds between two lines that say how far a run is, where nobody watches


@click.group(short_help="Thousands of workspaces: judge them in parts, collect what came of it.")
def fleet() -> None:
    """Judge thousands of plans, states and folders of configuration by the rules and budgets of one guardrail.yaml.

    `run` judges them, on one machine or in parts on many; `collect` puts the results of all parts together.
    """


@fleet.command(short_help="Judge workspaces, or one part of them.")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option(
    "--list",
    "lists",
    multiple=True,
    metavar="FILE",
    help="File that names workspaces: a path or an address a line, or "
    "CSV with the columns name, place, env and usage. - is standard input. Repeatable.",
)
@click.option(
    "--to",
    "where",
    default="fleet",
    show_default=True,
    metavar="PATH",
    help="Folder for the results, or its address (s3://bucket/prefix).",
)
@click.option(
    "--shard",
    default="1/1",
    show_default=True,
    metavar="I/N",
    help="Judge this part of the workspaces, by a hash of their names.",
)
@click.option("--again", is_flag=True, help="Judge also what an earlier run has judged by the same rules and prices.")
@click.option("--processes", type=click.IntRange(min=1), help="Processes at once. Default: one for each processor.")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or a Dask cluster: pip install 'guardrail-finops[dask]'.",
)
@click.option(
    "--scheduler", default="", metavar="ADDRESS", help="With --engine dask: the scheduler, like tcp://host:8786."
)
@timeout_option("one workspace")
@memory_option("one workspace")
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "warn", "never"]),
    default="deny",
    show_default=True,
    help="Exit with 1 if a workspace is blocked (deny), also on warnings (warn), or never.",
)
@click.option("--config", type=_PATH, help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.")
@click.option("--usage-file", "usage", type=_PATH, help="Usage file for workspaces without one of their own.")
@click.option(
    "--catalog", type=_PATH, help="Price catalog (SQLite). Default: the synced catalog, else the shipped one."
)
@click.option("--now", type=Moment(), help="Date or time that workspaces are judged as of. Default: now.")
@policy_ref_option
def run(**values: Any) -> int:
    """Judge workspaces, each by itself, and write what came of each to the results.

    INPUT is a folder of plans, states or root modules, a quoted glob, a single plan, or the address of plans in an object
    store (s3://bucket/plans). Default: the projects of guardrail.yaml. A workspace is called by its place below the folder.

    What is judged already, by the same rules, prices and version, is not judged again: a run that was interrupted goes on
    where it was. A workspace that cannot be read, or takes too much, is recorded as not evaluated, and the others go on.
    Budgets are judged over the whole fleet: guardrail fleet collect.

    \b
    Examples:
      guardrail fleet run plans
      guardrail fleet run --list workspaces.csv --to s3://bucket/fleet --shard 3/16
      guardrail fleet run plans --to stricter --config stricter/guardrail.yaml

    \b
    Exit codes: 0 nothing blocks, 1 a workspace is blocked, 2 a workspace could not be evaluated, 130 interrupted.
    """
    from guardrail.model.report import FailOn

    done = _run(values)
    _summary(done, values["where"])
    return int(done.exit_code(FailOn(values["fail_on"])))


def _run(values: dict[str, Any]) -> Run:
    from guardrail.cli.progress import shown_progress
    from guardrail.config import Flags
    from guardrail.fleet.pool import Limits
    from guardrail.fleet.run import dask, local, part
    from guardrail.fleet.run import run as judged
    from guardrail.fleet.workspaces import workspaces
    from guardrail.platforms.context import proposal
    from guardrail.policy_ref import settings_at

    if values["scheduler"] and values["engine"] != "dask":
        raise click.UsageError("--scheduler is for --engine dask")
    if values["scheduler"] and values["policy_ref"] != "head":
        raise click.UsageError("--policy-ref writes the policy to this machine: check it out on those of --scheduler")
    shard = part(values["shard"])
    given = Flags(
        ("-",), values["config"], values["usage"], catalog=values["catalog"], now=values["now"], allow_no_plans=True
    )
    revision = revision_of(values["policy_ref"], proposal(os.environ))
    processes = values["processes"] or os.cpu_count() or 1
    engine = dask(values["scheduler"], processes) if values["engine"] == "dask" else local(processes)
    limits = Limits(values["seconds"], values["megabytes"])
    with settings_at(given, Path.cwd(), revision) as chosen, shown_progress():
        found, said = workspaces(values["inputs"], values["lists"], chosen)
        for line in (*said, *_not_read(found)):
            click.echo(f"guardrail: {line}", err=True)
        so_far = None
        told = time.monotonic()
        try:
            for so_far in judged(
                chosen, found, values["where"], shard=shard, engine=engine, limits=limits, again=values["again"]
            ):
                if time.monotonic() - told > _PAUSE and not sys.stderr.isatty():
                    told = time.monotonic()
                    click.echo(f"guardrail: {_how_far(so_far)}", err=True)
        except KeyboardInterrupt:
            if so_far:
                click.echo(f"guardrail: {_how_far(so_far)}; the same command goes on from there", err=True)
            raise
    assert so_far is not None  # noqa: S101 - a run gives itself before the first workspace
    return so_far


def _not_read(found: Iterable[Workspace]) -> Iterator[str]:
    """Say which variables of the environment are not read, where configuration may have a use for them."""
    from guardrail.terraform.options import terraform_environment

    names = sorted(terraform_environment(os.environ))
    if names and any(Path(one.place).is_dir() for one in found if not one.is_object):
        fix = "give values as `vars`, `var_files` or `workspace` of a project in guardrail.yaml"
        yield f"{', '.join(names)}: not read in a fleet, which is judged alike on every machine ({fix})"


def _how_far(so_far: Run) -> str:
    return f"{so_far.done:,} of {so_far.total:,} workspaces are done"


def _summary(done: Run, where: str) -> None:
    from guardrail.cli.output import say
    from guardrail.fleet.text import run_lines

    say("".join(f"{line}\n" for line in run_lines(done, where)))


@fleet.command(short_help="Put the results of all parts together: one report, budgets, ledger, Parquet.")
@click.argument("results", metavar="[RESULTS]...", nargs=-1)
@click.option(
    "--against",
    multiple=True,
    metavar="PATH",
    help="Results of another run, by other rules: list the workspaces that are newly blocked. Repeatable.",
)
@click.option(
    "--ledger", "ledger", metavar="PATH", help="Add the facts of all workspaces to this ledger, a folder or an address."
)
@click.option(
    "--parquet",
    type=_PATH,
    metavar="FOLDER",
    help="Write workspaces, runs, lines and findings as Parquet; needs DuckDB.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(_FORMATS),
    default="table",
    show_default=True,
    help="Format of the output.",
)
@click.option("--out", "outs", multiple=True, metavar="FORMAT=PATH", help="Also write a report to a file. Repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "warn", "never"]),
    default="deny",
    show_default=True,
    help="Exit with 1 if a workspace or a budget is blocked (deny), also on warnings (warn), or never.",
)
@click.option(
    "--config",
    type=_PATH,
    help="Path of guardrail.yaml, for budgets. Default: the nearest one, in this folder or above.",
)
@click.option("--now", type=Moment(), help="Date or time that budgets are judged as of. Default: now.")
@policy_ref_option
def collect(results: tuple[str, ...], **values: Any) -> int:
    """Put results together: totals, verdicts, findings by rule, budgets over the whole fleet, and what is missing.

    RESULTS are folders or addresses that `guardrail fleet run` has written to. Default: fleet. Of parts in several folders
    each workspace counts once. A workspace without a result is named, with the part that it is of.

    With --against, the report lists the workspaces that are blocked now and were not by the rules of the other run; the
    exit code says whether there are any.

    \b
    Examples:
      guardrail fleet collect
      guardrail fleet collect shard-* --format markdown --out json=fleet.json
      guardrail fleet collect s3://bucket/fleet --ledger s3://bucket/ledger --parquet tables
      guardrail fleet collect stricter --config stricter/guardrail.yaml --against fleet

    \b
    Exit codes: 0 nothing blocks, 1 a workspace or a budget is blocked, 2 something is missing or not evaluated.
    """
    from guardrail.cli.output import say, terminal_width, write_whole
    from guardrail.fleet.shape import as_json
    from guardrail.fleet.text import FORMATS, as_text
    from guardrail.model.report import FailOn

    outs = [_target(text) for text in values["outs"]]
    found = _collected(results or ("fleet",), values)
    texts = {**FORMATS, "json": as_json}
    for name, path in outs:
        write_whole(path, texts[name](found))
    if values["format_name"] == "table":
        say(as_text(found, terminal_width()))
    else:
        say(texts[values["format_name"]](found))
    return int(found.exit_code(FailOn(values["fail_on"])))


def _collected(results: tuple[str, ...], values: dict[str, Any]) -> Fleet:
    from guardrail.cli.progress import shown_progress
    from guardrail.config import Flags
    from guardrail.fleet.collect import collect as collected
    from guardrail.fleet.tables import WORKSPACES, rows
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.writing.tables import Tables
    from guardrail.platforms.context import proposal
    from guardrail.policy_ref import settings_at

    given = Flags(("-",), values["config"], now=values["now"])
    revision = revision_of(values["policy_ref"], proposal(os.environ))
    with ExitStack() as stack, shown_progress():
        chosen = stack.enter_context(settings_at(given, Path.cwd(), revision))
        takers: list[Taker] = []
        if values["ledger"]:
            store = open_store(values["ledger"])
            takers.append(lambda one: [store.put(path, data) for path, data in one.facts.items()])
        if values["parquet"]:
            tables = stack.enter_context(Tables(values["parquet"], {"workspaces": WORKSPACES}))
            takers.append(lambda one: tables.add(one.facts.values()))
        found = collected(results, chosen, takers, values["against"])
        for row in rows(found) if values["parquet"] else ():
            tables.add_row("workspaces", row)
        return found


def _target(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if name not in _FORMATS or not path:
        raise click.UsageError(f"--out: {text!r} is not FORMAT=PATH with one of {', '.join(_FORMATS)}")
    return name, Path(path)
