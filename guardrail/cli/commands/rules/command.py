"""`guardrail rules`: list, show, test and fetch rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli import suggest
from guardrail.cli.commands.rules.listing import list_format, print_listed
from guardrail.cli.options import flags, input_options
from guardrail.cli.output import write_whole
from guardrail.errors import ConfigError, did_you_mean
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.policy import CompiledRule
    from guardrail.policy.rules.testing import RuleCoverage

_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.",
)


@click.group(short_help="List, show, test and fetch rules.")
def rules() -> None:
    """List, show and test rules: of the shipped packs, of the packs of your organization, and your own."""


@rules.command("list", short_help="List the active rules, or what each finds and saves in an input.")
@input_options
@click.option("--all", "everything", is_flag=True, help="List the rules of every shipped pack, active or not.")
@list_format
def list_rules(*, everything: bool, format_name: str, **values: Any) -> None:
    """List the active rules, with severity and enforcement.

    With an INPUT, as `guardrail check` takes it, list the rules that apply to it: what each finds there, and what a month would
    cost less if that were mended, most first. Those that match nothing are named below.

    \b
    Examples:
      guardrail rules list
      guardrail rules list plan.json
      guardrail rules list plan.json --all    # what rules that are not active would find
    """
    if values["inputs"]:
        print_listed(values, everything=everything, format_name=format_name)
        return
    if format_name != "text":
        raise click.UsageError("--format goes with an INPUT")
    found = [(rule.source.pack or "own", rule.rule) for rule in _loaded(values["config"], everything=everything)]
    width = max((len(rule.id) for _, rule in found), default=0)
    pack_width = max((15, *(len(pack) for pack, _ in found)))
    for pack, rule in sorted(found, key=lambda one: (one[0], one[1].id)):
        click.echo(f"{pack:<{pack_width}} {rule.id:<{width}}  {rule.severity:<8}  {rule.enforcement:<9}  {rule.title}")


@rules.command(short_help="Show one rule: its purpose, its conditions, how to comply.")
@click.argument("rule_id", metavar="RULE", shell_complete=suggest.rules)
@_CONFIG
def show(rule_id: str, config: Path | None) -> None:
    """Show one rule: its purpose, its conditions, its parameters as they are set here, and how to comply."""
    from guardrail.policy.rules.explain import explained

    found = {rule.rule.id: rule for rule in _loaded(config, everything=True)}
    found |= {rule.rule.id: rule for rule in _loaded(config, everything=False)}
    if rule_id not in found:
        fix = did_you_mean(rule_id, found) or "`guardrail rules list --all` has them"
        raise ConfigError(f"no rule is called {rule_id}", fix=fix)
    click.echo(explained(found[rule_id].source), nl=False)


@rules.command(short_help="Print the rules of a folder as a page of documentation, with examples from their tests.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def docs(folder: Path) -> int:
    """Print the rules in FOLDER as Markdown: what each asks, how to comply, an example that passes and one that fails.

    The examples are the rules' own tests, which are run first: a page is printed only if they all come out as they say.

    \b
    Example:
      guardrail rules docs policies > docs/policies.md

    \b
    Exit codes: 0 printed, 1 a test fails, 2 a rule has an error.
    """
    from guardrail.catalog import open_catalog
    from guardrail.costs import Library
    from guardrail.load import plan_reader, provider_defaults, repricer, resource_types
    from guardrail.policy import read_folder
    from guardrail.policy.rules.explain import documented
    from guardrail.policy.rules.testing import run_tests

    library, catalog = Library(), open_catalog()
    types = resource_types(library)
    sources = read_folder(folder, types=types)
    tested = run_tests(
        sources,
        specs=catalog.spec,
        read_plan=plan_reader(catalog, library),
        types=types,
        repricer=repricer(catalog, library),
        defaults=provider_defaults(library),
    )
    failed = [result for result in tested if not result.passed]
    for result in failed:
        click.echo(f"{result.where}: {result.rule}, test {result.name}: {result.mismatch}", err=True)
    if failed:
        return ExitCode.BLOCKED
    click.echo(documented(sources), nl=False)
    return ExitCode.OK


@rules.command(short_help="Check the rule files for errors.")
@_CONFIG
def lint(config: Path | None) -> None:
    """Check the active rules for errors: keys, types, attributes and names in expressions, parameters.

    Expressions are compiled on every CEL engine that is installed. Rules that can never apply, or never fail, are named.

    \b
    Exit codes: 0 no errors, 2 a rule has an error.
    """
    from guardrail.costs import Library
    from guardrail.load import resource_types
    from guardrail.policy import compile_faults
    from guardrail.policy.rules.dead import why_dead
    from guardrail.report.format import count

    found = _loaded(config, everything=False)
    types = resource_types(Library())
    for fault in (fault for rule in found for fault in compile_faults(rule.source, types)):
        raise fault
    for rule in found:
        where, why = why_dead(rule)
        if why:
            click.echo(f"{where}: rule {rule.rule.id} {why}", err=True)
    click.echo(f"{count(len(found), 'rule')}, no errors")


@rules.command(short_help="Run the tests in the rule files.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@_CONFIG
@click.option("--coverage", "show_coverage", is_flag=True, help="Show which verdicts and branches no test covers.")
def test(paths: tuple[Path, ...], config: Path | None, *, show_coverage: bool) -> int:
    """Run the tests in the rule files at PATHS; by default, of all active rules.

    Tests run with the parameters in the rule file, whatever guardrail.yaml sets, and on both CEL engines if both are installed,
    or on the one in GUARDRAIL_CEL_ENGINE.

    \b
    Exit codes: 0 all pass, 1 a test fails or the engines disagree, 2 a rule has an error.
    """
    from guardrail.catalog import open_catalog
    from guardrail.costs import Library
    from guardrail.load import plan_reader, provider_defaults, repricer, resource_types
    from guardrail.policy import check_rule, read_folder
    from guardrail.policy.rules.testing import Coverage, run_tests
    from guardrail.report.format import count

    library = Library()
    types = resource_types(library)
    sources = [rule for path in paths for rule in read_folder(path, types=types)]
    if not paths:
        playing = [rule.source for rule in _loaded(config, everything=False)]
        sources = [check_rule(rule.file, pack=rule.pack) for rule in playing]
    catalog, coverage = open_catalog(), Coverage() if show_coverage else None
    read_plan = plan_reader(catalog, library)
    prices = repricer(catalog, library)
    tested = run_tests(
        sources,
        specs=catalog.spec,
        read_plan=read_plan,
        coverage=coverage,
        types=types,
        repricer=prices,
        defaults=provider_defaults(library),
    )
    results = list(tested)
    failed = [result for result in results if not result.passed]
    for result in failed:
        click.echo(f"{result.where}: {result.rule}, test {result.name}: {result.mismatch}")
    untested = [source.rule.id for source in sources if not source.rule.tests]
    if untested:
        click.echo(f"without tests: {', '.join(untested)}", err=True)
    click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed in {count(len(sources), 'rule')}")
    if coverage:
        _print_coverage([coverage.of(source) for source in sources])
    return ExitCode.BLOCKED if failed else ExitCode.OK


@rules.command(short_help="Create a test for a rule from a resource in a plan.")
@click.argument("rule_id", metavar="RULE", shell_complete=suggest.rules)
@click.argument("address")
@click.option("--write", is_flag=True, help="Append the test to the tests in the rule's file.")
@input_options
def record(rule_id: str, address: str, *, write: bool, **values: Any) -> None:
    """Print a test for RULE that expects its current verdict on the resource at ADDRESS, to paste into the rule's file.

    The test holds only the attributes that the rule reads. Sensitive ones are listed under `sensitive`, without their values.
    The test is run before it is printed: if the verdict depends on a sensitive value, the command fails.

    \b
    Example:
      guardrail rules record required-tags aws_instance.web plan.json
    """
    from guardrail.config import settings
    from guardrail.debugging import record_rule, with_test

    recorded, source = record_rule(settings(flags(values), Path.cwd()), rule_id, address)
    if write:
        write_whole(Path(source.file.name), with_test(source, recorded))
    click.echo(recorded, nl=False)


def _print_coverage(found: list[RuleCoverage]) -> None:
    for one in found:
        if one.missed:
            click.echo(f"{one.where}: {one.rule}: {_percent(one.reached, one.total)}, not reached:")
            for missed in one.missed:
                click.echo(f"  {' '.join(missed.split())}")
    reached, total = (sum(getattr(one, name) for one in found) for name in ("reached", "total"))
    click.echo(f"coverage: {_percent(reached, total)} verdicts and branches")


def _percent(reached: int, total: int) -> str:
    """Return a share, rounded down so that 100% is all of it."""
    return f"{100 * reached // total if total else 100}% ({reached} of {total})"


@rules.command(short_help="Download the packs of rules.sources, and pin them in guardrail.lock.")
@click.argument("names", metavar="[PACK]...", nargs=-1)
@_CONFIG
@click.option(
    "--update", is_flag=True, help="Take the current version of the sources, not the one pinned in guardrail.lock."
)
@click.option("--check", is_flag=True, help="Only check that the fetched packs match guardrail.lock. No network.")
def fetch(names: tuple[str, ...], config: Path | None, *, update: bool, check: bool) -> int:
    """Download the packs in rules.sources of guardrail.yaml, all or only PACK, into .guardrail/packs beside it.    guardrail.lock pins the version and the hash of each file: commit both. No other command downloads rules.

    \b
    Exit codes: 0 all packs match guardrail.lock, 2 one does not match, or could not be downloaded.
    """
    from datetime import UTC, datetime

    from guardrail.config import Flags, settings
    from guardrail.fetch import check_packs, fetch_packs

    if check and (names or update):
        raise click.UsageError("--check covers all packs and fetches none: it goes with neither PACK nor --update")
    chosen: Settings = settings(Flags(config=config, allow_no_plans=True), Path.cwd())
    if not chosen.rules.sources and not check:
        fix = "docs/rule-packs.md shows how"
        raise ConfigError("rules.sources names no pack to fetch", where=str(chosen.config_file or ""), fix=fix)
    if not check:
        for line in fetch_packs(chosen, names, update=update, today=datetime.now(UTC).date()):
            click.echo(line)
        return ExitCode.OK
    faults = check_packs(chosen)
    for fault in faults:
        click.echo(str(fault), err=True)
    if not faults:
        click.echo("guardrail.lock and the fetched packs match guardrail.yaml")
    return ExitCode.NOT_EVALUATED if faults else ExitCode.OK


def _loaded(config: Path | None, *, everything: bool) -> tuple[CompiledRule, ...]:
    from guardrail import data
    from guardrail.config import Flags, RulesConfig, settings
    from guardrail.costs import Library
    from guardrail.load import rules_of
    from guardrail.policy import load_rules, packs

    if everything:
        shipped = data.rules_dir()
        return load_rules(RulesConfig(packs=packs(shipped)), shipped).rules
    chosen: Settings = settings(Flags(config=config, allow_no_plans=True), Path.cwd())
    return rules_of(chosen, Library(chosen.definitions)).rules
