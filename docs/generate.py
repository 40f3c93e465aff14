"""Writes the pages that follow from the code and its data: `python docs/generate.py`; --check fails if one is out of date."""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import chdir, redirect_stdout
from functools import partial
from pathlib import Path
from unittest.mock import patch

import accuracy_page  # type: ignore[import-not-found]  # beside this file, as pictures
import click
import pictures  # type: ignore[import-not-found]  # beside this file, which is a script and not of a package
from example_dashboard import first_page  # type: ignore[import-not-found]  # beside this file

from guardrail import data
from guardrail.catalog import open_catalog
from guardrail.catalog.store import shipped_catalog
from guardrail.cel import Path as CelPath
from guardrail.cli import cli
from guardrail.cli import main as guardrail
from guardrail.cli.commands.schema import NAMES, schema_text
from guardrail.costs import Library
from guardrail.costs.definitions.definition import UsageKey
from guardrail.costs.definitions.lint import priced_regions
from guardrail.costs.usage.assumptions_text import spelled
from guardrail.costs.usage.infracost_keys import KnownKey, known_keys
from guardrail.costs.usage.keys import keys_of
from guardrail.costs.usage.profiles import ProfileName, assumptions
from guardrail.finops.kpis.answer import ABSENT
from guardrail.finops.kpis.kpi_file import read_kpis
from guardrail.finops.kpis.text import shown
from guardrail.ledger.kpis.inputs import INPUTS
from guardrail.policy.rules.compiled import compile_rule
from guardrail.policy.rules.explain import rule_section
from guardrail.policy.rules.packs.packs import packs, read_pack
from guardrail.policy.rules.rule import RuleScope, read_rule
from guardrail.policy.variables.context import RELATIONS
from guardrail.policy.variables.names import FUNCTIONS, VARIABLES

DOCS = Path(__file__).parent
LIMITS = DOCS / "limits.md"
ACTION = Path(__file__).parent.parent / ".github" / "actions" / "guardrail" / "action.yml"
README = DOCS.parent / "README.md"
EXAMPLE = ("<!-- the example's report, written by docs/generate.py -->\n\n```text\n", "```\n\n<!-- end of it -->")
SITE = "https://github.com/guardrail-finops/guardrail"
NOTE = "<!-- Written by docs/generate.py. -->"
VENDORS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud", "other": "Other providers"}
WIDTH = 100
_OF_CI = ("GITHUB_", "CI_", "GITLAB_", "BITBUCKET_", "SYSTEM_", "BUILD_", "TFC_")


def supported_resources() -> str:
    """Every type that has a price, or is known to be free, by vendor."""
    library = Library()
    priced, free = _by_vendor(library.priced_types()), _by_vendor(library.free_types())
    lines = [
        NOTE,
        "# Supported resources\n",
        "A type that is on neither list is reported as *not supported*; it is never counted as 0.",
        "What a supported type leaves out is in [limits.md](limits.md); a type is added with",
        "[a definition](definitions.md).\n",
        "| vendor | priced | free |",
        "|---|---:|---:|",
        *(
            f"| {name} | {len(priced[vendor])} | {len(free[vendor])} |"
            for vendor, name in VENDORS.items()
            if priced[vendor] or free[vendor]
        ),
    ]
    for vendor, name in VENDORS.items():
        lines += _types(f"{name}: priced", priced[vendor])
    for vendor, name in VENDORS.items():
        lines += _types(f"{name}: free", free[vendor], folded=True)
    return "\n".join(lines) + "\n"


def accuracy() -> str:
    """How estimates compare with recorded ones, and in how many regions the shipped catalog has prices for each type."""
    catalog, library = open_catalog(shipped_catalog()), Library()
    places = defaultdict(set)
    for vendor, _, region in catalog.shelves():
        places[vendor].add(region)
    found, vendors = priced_regions(library, catalog), library.priced_types()
    lines = [
        NOTE,
        "# How accurate estimates are\n",
        "An `aws_lb` with 10,000 new connections a second costs 12.5 capacity units an hour. Another tool has recorded 1.4 for it, as",
        "it looks at the bytes alone. This page counts where guardrail comes to the amounts that the public test suite of Infracost",
        "records (August 2026), and says for every difference what it comes from. Many shipped prices of us-east-1 come from the same",
        "source ([catalog.md](catalog.md)), so agreement shows that plans are read and quantities computed alike, rather than that",
        "prices are today's.\n",
        "## Compared with recorded estimates\n",
        "An amount counts as the same within 1% or 2 cents; a type that is not supported never does. A unit price is compared where",
        "the amount depends on usage that is not given; records round to cents, so 0.112 and 0.11 are the same.\n",
        *accuracy_page.compared(VENDORS),
        "\n## In other regions\n",
        "The same plans with every region replaced by another. A resource counts if none of its lines lacks a price. Each line that",
        "does names the `guardrail pricing sync` that downloads it; after a sync, definitions find every price that the vendors' lists",
        "can have. Those have neither the spot prices of AWS nor whole machine types of Google Cloud.\n",
        *accuracy_page.elsewhere(VENDORS),
        "\n## What the shipped prices cover\n",
        "Guardrail ships prices that others have published, and these do not cover every region. The tables count, for each",
        "type, the regions with a price for all of its cost components, and those with a price for at least one. A region",
        "counts if it has any price for the component: that is not a price for every size of machine. Components that nobody",
        "publishes prices for are left out ([limits.md](limits.md)).\n",
        "Where a price is missing the report says so and shows no amount; [`guardrail pricing sync --for`](pricing.md) downloads",
        "it. How old the prices are is in [catalog.md](catalog.md).",
    ]
    for vendor, name in VENDORS.items():
        types = sorted(one for one, owner in vendors.items() if owner == vendor and found.get(one))
        if types:
            lines += [
                f"\n### {name}: regions with prices\n",
                f"The catalog has prices in {len(places[vendor] - {'global'})} regions, zones and groups of regions.\n",
                "| type | all components | at least one |",
                "|---|---:|---:|",
                *(f"| `{one}` | {_regions(found[one].values())} |" for one in types),
            ]
    return "\n".join(lines) + "\n"


def _regions(components: Collection[frozenset[str] | None]) -> str:
    """Return two cells; a type whose prices have no region is priced wherever it is."""
    regional = [regions for regions in components if regions is not None]
    if not regional:
        return "everywhere | everywhere"
    anywhere = frozenset().union(*regional)
    return f"{len(frozenset.intersection(*regional))} | {len(anywhere)}"


def example_policies() -> str:
    """example-policies.md: what the rules in examples/policies ask for."""
    files = sorted((DOCS.parent / "examples" / "policies" / "rules").glob("*.yaml"))
    lines = [
        NOTE,
        "# Example policies\n",
        f"{len(files)} rules to copy and change, in [examples/policies]({SITE}/tree/main/examples/policies) with their tests. They are no",
        "pack: what they ask for is an organization's to decide. `guardrail rules test examples/policies/rules` runs their tests, which show for each",
        "what passes, what fails, and what cannot be told.\n",
        "```sh",
        "guardrail check --config examples/policies/guardrail.yaml plan.json",
        "```\n",
        "How to write one: [rules.md](rules.md). What an expression may read: [rules-reference.md](rules-reference.md#variables).\n",
        "| rule | what it asks for | of | it reads |",
        "|---|---|---|---|",
    ]
    for path in files:
        source = read_rule(path)
        rule, reads = source.rule, compile_rule(source).reads
        of = "the plan" if rule.scope is RuleScope.PLAN else ", ".join(f"`{name}`" for name in rule.match.types)
        of = "taggable resources" if rule.match.taggable else "all resources" if of == "`*`" else of
        address = f"{SITE}/blob/main/examples/policies/rules/{path.name}"
        lines.append(f"| [{rule.id}]({address}) | {rule.title} | {of} | {_read_by(reads)} |")
    return "\n".join(lines) + "\n"


def _read_by(reads: Iterable[CelPath]) -> str:
    """Name what a rule reads as its author writes it: functions with their operand, attributes as a whole."""
    found: dict[str, None] = {}
    for path in sorted(reads):
        if path[0] == "resource" and path[1] in RELATIONS:
            found[f'`resource.{path[1]}("{path[2]}")`'] = None
        elif path[1:] == ("price.of",):
            found["`price.of`"] = None
        else:
            found[f"`{'.'.join(path)}`"] = None
    return ", ".join(found)


def limits() -> str:
    """limits.md, with what each definition says it leaves out."""
    library = Library()
    head, mark, _ = LIMITS.read_text(encoding="utf-8").partition(
        "<!-- From the definitions' notes, by docs/generate.py. -->\n"
    )
    tariffs = {name: library.find(name) for name in library.priced_types()}
    notes = [
        f"| `{name}` | {tariff.definition.note} |"
        for name, tariff in tariffs.items()
        if tariff and tariff.definition.note
    ]
    return "\n".join([f"{head}{mark}", "| type | note |", "|---|---|", *notes]) + "\n"


def rules_reference() -> str:
    """Every shipped rule, and every variable that a rule may read."""
    shipped = data.rules_dir()
    lines = [
        NOTE,
        "# Shipped rules\n",
        "Chosen by pack in `guardrail.yaml` (`rules: {packs: [...]}`); `set` changes a rule's parameters, enforcement or",
        "severity. How to write one: [rules.md](rules.md).\n",
        "| pack | rule | severity | enforcement | what it asks for |",
        "|---|---|---|---|---|",
    ]
    files = [(pack, file) for pack in packs(shipped) for file in read_pack(pack, shipped)]
    for pack, file in files:
        rule = file.rule
        lines.append(f"| {pack} | [{rule.id}](#{rule.id}) | {rule.severity} | {rule.enforcement} | {rule.title} |")
    lines += ["", *(rule_section(file.rule) for _, file in files)]
    lines += ["## Variables\n", "What an expression may read.\n", "| name | type | meaning |", "|---|---|---|"]
    lines += [f"| `{variable.name}` | {variable.type} | {variable.meaning} |" for variable in VARIABLES]
    lines += ["\n## Functions of the plan\n", "Shown in [rules.md](rules.md#the-plan-around-a-resource).\n"]
    lines += ["| function | type | result |", "|---|---|---|"]
    lines += [f"| `{function.name}` | {function.type} | {function.meaning} |" for function in FUNCTIONS]
    return "\n".join(lines) + "\n"


def kpi_reference() -> str:
    """Every shipped KPI, and the views that the SQL of one may read."""
    files = read_kpis(data.kpis_dir(), [])
    lines = [
        NOTE,
        "# Shipped KPIs\n",
        "`guardrail kpi` shows their values. How they are read, and how to write one: [kpis.md](kpis.md).\n",
        "| KPI | title | unit | better | target | needs |",
        "|---|---|---|---|---|---|",
    ]
    for file in files:
        kpi = file.kpi
        target = shown(kpi, kpi.target, "USD") if kpi.target is not None else ""
        needs = ", ".join(f"`{name}`" for name in kpi.needs)
        lines.append(f"| [{kpi.id}](#{kpi.id}) | {kpi.title} | {kpi.unit} | {kpi.direction} | {target} | {needs} |")
    for file in files:
        kpi = file.kpi
        source = f" Definition: {kpi.source}." if kpi.source else ""
        lines += [f"\n## {kpi.id}\n", f"{kpi.title}. {kpi.why}{source}\n", f"```sql\n{kpi.sql.rstrip()}\n```"]
    lines += ["\n## Views\n", "What the SQL of a KPI may read. Money is `DECIMAL(38,18)`.\n"]
    for view, columns in INPUTS.items():
        if view == "matched":
            continue
        told = ", ".join(f"`{name}`" for name in columns)
        lines += [f"### {view}\n", f"{VIEWS[view]} It needs {ABSENT[view].format(month='the month')}.\n", f"{told}\n"]
    return "\n".join(lines).rstrip() + "\n"


VIEWS = {
    "charges": "Rows of the newest generation of each bill, by FOCUS's names ([bills.md](bills.md)), with the `project`, `address` and `evidence` that each was matched with, and the `team` whose it is. `matched` is another name of it.",
    "runs": "What `guardrail check` and `estimate` have come to ([ledger.md](ledger.md)).",
    "lines": "Cost lines of runs, after the change.",
    "lines_before": "Cost lines of runs, before the change.",
    "findings": "Findings of runs, with waiver and approval.",
    "inventory": "Resources of states.",
    "metrics": "Metrics by resource and day ([metrics.md](metrics.md)).",
    "decisions": "Approvals, dismissals, waivers and what was done.",
    "rates": "Exchange rates by month.",
    "allocated": "What `guardrail spend --by month,team,origin,category` says of the month and the one before, shared costs split where allocation.yaml says how ([spend.md](spend.md)).",
    "compared": "Estimate and bill of the month and the one before, item by item, with the parts of the difference ([accuracy.md](accuracy.md)).",
    "savings": "Merged changes that were to save something, of the month and the one before, and what the bill shows ([savings.md](savings.md)).",
    "budgets": "What `guardrail budget` says at the end of the month and of the one before, with what it had forecast on the 15th; `is_whole` is a period that is over, and told whole by bills ([budgets.md](budgets.md)).",
    "budgeted": "Charges of the month and the one before by whether some budget counts them: `in_budget` is yes, no, or unknown where nothing tells it.",
    "anomalies": "What `guardrail anomalies` finds in the month and the one before, by the month in which it begins; a `decision` of the kind `notified` has the fingerprint of what people were told of ([anomalies.md](anomalies.md)).",
    "recommendations": "What `guardrail recommend --format json` has written ([recommendations.md](recommendations.md)).",
    "units": "The CSV that `kpis.units` names: what is counted each month.",
}


def command_line() -> str:
    """The help of every command."""
    lines = [NOTE, "# Commands\n"]
    for path, command in _commands(cli, ("guardrail",)):
        context = click.Context(command, info_name=" ".join(path), max_content_width=WIDTH, terminal_width=WIDTH)
        lines += [f"## {' '.join(path)}\n", "```text", command.get_help(context), "```\n"]
    return "\n".join(lines).rstrip() + "\n"


def readme() -> str:
    """README.md with the report of the example as it is today, up to what does not block."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(EXAMPLE[0])
    _, _, tail = rest.partition(EXAMPLE[1])
    command = ["guardrail", "check", "--config", "examples/shop/guardrail.yaml"]
    report = _output([*command[1:], "--now", "2026-11-23"])
    changes, blocking = report.partition("\n\nService ")[0], report.partition("\nBlocking\n")[2]
    shown = f"{changes}\n\n[...]\n\nBlocking\n{blocking}"
    return f"{head}{EXAMPLE[0]}$ {' '.join(command)}\n{shown}{EXAMPLE[1]}{tail}"


def root_action() -> str:
    """action.yml at the top, the only one that the Marketplace lists: the action, with its scripts where they are."""
    text = ACTION.read_text(encoding="utf-8")
    note = f"# Made from {ACTION.relative_to(README.parent).as_posix()} by docs/generate.py; do not edit.\n"
    return note + text.replace(
        "$GITHUB_ACTION_PATH/", f"$GITHUB_ACTION_PATH/{ACTION.parent.relative_to(README.parent).as_posix()}/"
    )


def _output(arguments: list[str], folder: Path = README.parent) -> str:
    printed = io.StringIO()
    with chdir(folder), redirect_stdout(printed):
        os.environ["COLUMNS"] = str(WIDTH)
        guardrail(arguments)
    return printed.getvalue()


def example_report(report: str = "html") -> str:
    """A report of the example, in a folder of its own: neither this repository nor a pull request is part of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_CI)}
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ, kept, clear=True):
        folder = shutil.copytree(README.parent / "examples" / "shop", Path(name) / "shop")
        return _output(["check", "--now", "2026-11-23", "--format", report], folder)


def usage_assumptions() -> str:
    """usage-assumptions.md: what each profile assumes, by what it stands for."""
    lines = [
        NOTE,
        "# Assumed usage\n",
        "What `--assume-usage small`, `medium` and `large` assume of usage that nobody gives ([usage.md](usage.md#assumed-usage)). These are assumptions about",
        "one workload in three sizes, not measurements. They are kept in [pricing/usage]({SITE}/tree/main/pricing/usage).".replace(
            "{SITE}", SITE
        ),
    ]
    vendors = Library().priced_types()
    groups: defaultdict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for one in assumptions():
        values = tuple(spelled(one.values[name]) for name in ProfileName) if one.values else ()
        groups[vendors[one.type], one.basis, values].append(f"`{one.type}.{one.key}`")
    for vendor in dict.fromkeys(vendors.values()):
        for title, heads in (
            ("assumed", "| what it stands for | small | medium | large | keys |\n|:--|--:|--:|--:|:--|"),
            ("left out", "| why | keys |\n|:--|:--|"),
        ):
            found = [
                (basis, values, keys)
                for (of, basis, values), keys in groups.items()
                if of == vendor and bool(values) is (title == "assumed")
            ]
            rows = [f"| {' | '.join([basis, *values, ', '.join(keys)])} |" for basis, values, keys in found]
            lines += [f"\n## {VENDORS[vendor]}: {title}\n", heads, *rows]
    return "\n".join(lines) + "\n"


def usage_keys() -> str:
    """usage-keys.md: what becomes of each key of Infracost's example usage file."""
    library, keys = Library(), known_keys()
    read = sum(one.is_read for one in keys)
    renamed = sum(bool(one.ours) and not one.is_read for one in keys)
    lines = [
        NOTE,
        "# Keys of Infracost's usage file\n",
        f"Infracost's example, `infracost-usage-example.yml` as of 2026-08-21, has {len(keys):,} keys of {len({one.type for one in keys})} types. guardrail reads {read:,} of them",
        f"as they are, and {renamed} under another name. The others are listed with the reason; in a usage file, each is one warning that says the same",
        "([usage.md](usage.md)). `resource_type_default_usage`, `[*]` in addresses and values by region are read, too.\n",
        "| type | key | of what | guardrail reads | or why not |",
        "|---|---|---|---|---|",
    ]
    for one in keys:
        ours = (
            "the same"
            if one.is_read
            else one.ours and f"`{one.ours.partition(' (')[0]}`" + one.ours[len(one.ours.partition(" (")[0]) :]
        )
        lines.append(f"| `{one.type}` | `{one.key}` | {_unit_of(one, library)} | {ours} | {one.why} |")
    return "\n".join(lines) + "\n"


def _unit_of(one: KnownKey, library: Library) -> str:
    """Return the unit of a key that is read."""
    entry: object = keys_of(one.type, library) if one.is_read else None
    for step in one.key.split("."):
        entry = entry.get(re.sub(r"\[\d+\]$", "[]", step)) if isinstance(entry, Mapping) else entry
    return entry.unit if isinstance(entry, UsageKey) else ""


PAGES: Mapping[Path, Callable[[], str]] = {
    DOCS / "supported-resources.md": supported_resources,
    DOCS / "accuracy.md": accuracy,
    DOCS / "example-policies.md": example_policies,
    DOCS / "rules-reference.md": rules_reference,
    DOCS / "usage-assumptions.md": usage_assumptions,
    DOCS / "usage-keys.md": usage_keys,
    DOCS / "finops" / "kpi-reference.md": kpi_reference,
    DOCS / "cli.md": command_line,
    LIMITS: limits,
    README: readme,
    DOCS / "example-report.html": example_report,
    README.parent / "action.yml": root_action,
    **{DOCS / "schemas" / f"{name}.json": partial(schema_text, name) for name in NAMES},
}


def _by_vendor(types: Mapping[str, str]) -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, vendor in types.items():
        found[vendor].append(name)
    return found


def _types(title: str, names: Iterable[str], *, folded: bool = False) -> Iterator[str]:
    listed = ", ".join(f"`{name}`" for name in sorted(names))
    if listed and folded:
        yield f"\n<details><summary>{title}</summary>\n\n{listed}\n\n</details>"
    elif listed:
        yield f"\n## {title}\n\n{listed}"


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if (child := command.get_command(context, name)) is not None:
                yield from _commands(child, (*path, name))


def main() -> int:
    """Write the pages, or say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page would change")
    parser.add_argument("--pictures", action="store_true", help="draw the pictures anew, too; needs Chromium")
    options = parser.parse_args()
    check: bool = options.check
    stale = []
    for path, page in PAGES.items():
        text = page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for picture in (pictures.of_comment(example_report("markdown")), pictures.of_dashboard(first_page())):
        if not picture.stale:
            continue
        if options.pictures and not check:
            picture.draw()
        else:
            print(f"the picture {picture.name}.png shows another page than today's: run docs/generate.py --pictures")
        stale += picture.files
    print(f"{'out of date' if check else 'written'}: {', '.join(stale) or 'none'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
