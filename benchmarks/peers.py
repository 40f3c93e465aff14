"""Measures what 50 rules on one plan take here and in tools that judge without prices: `python benchmarks/peers.py plan.json`.

    python benchmarks/peers.py plan.json --checkov PATH --regorus PYTHON --c7n-left PATH --folder FOLDER

Each tool is measured if its program is named: checkov and c7n-left by their commands, regorus by a Python that has lakera-regorus.
c7n-left reads configuration, not plans: FOLDER has that of the same resources. Every tool has the same rules, said in its
own language: no resource of AWS has the tag legacy-1, legacy-2 and so on. guardrail also prices both sides of the plan.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.run import PARSE, RULES, middle, run  # noqa: E402 - found by the line above

TIMES = 3
GUARDRAIL = """\
id: legacy-{n}
title: Nothing has the tag legacy-{n}
severity: low
enforcement: advisory
match: {{types: ["aws_*"]}}
validations: [{{expression: '!("legacy-{n}" in resource.tags)', message: "has the tag legacy-{n}"}}]
"""
CHECKOV = """\
metadata: {{id: CKV2_OWN_{n}, name: "Nothing has the tag legacy-{n}", category: GENERAL_SECURITY}}
definition: {{cond_type: attribute, resource_types: all, attribute: tags.legacy-{n}, operator: not_exists}}
"""
C7N = '  - {{name: legacy-{n}, resource: ["terraform.aws_*"], filters: [{{"tag:legacy-{n}": present}}]}}\n'
REGO = """\
deny[msg] {{
    some i
    startswith(input.resource_changes[i].type, "aws_")
    input.resource_changes[i].change.after.tags["legacy-{n}"]
    msg := sprintf("%s has the tag legacy-{n}", [input.resource_changes[i].address])
}}
"""
REGORUS = """\
import sys
from lakera_regorus import Engine
engine = Engine()
engine.add_policy_from_file(sys.argv[1])
engine.set_input_json(open(sys.argv[2], encoding="utf-8").read())
print(engine.eval_query("data.own.deny"))
"""


def commands(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, list[str | Path]]]:
    """Write the rules of each tool that there is, and return its command."""
    numbers = range(1, RULES + 1)
    own = folder / "rules"
    own.mkdir()
    for n in numbers:
        (own / f"{n}.yaml").write_text(GUARDRAIL.format(n=n), encoding="utf-8")
    config = folder / "guardrail.yaml"
    config.write_text("version: 1\nrules: {packs: [], paths: [rules]}\n", encoding="utf-8")
    yield (
        "guardrail, with prices",
        [sys.executable, "-m", "guardrail", "check", "--config", config, "--format", "json", options.plan],
    )
    if options.regorus:
        policy, program = folder / "own.rego", folder / "judge.py"
        policy.write_text("package own\n\n" + "\n".join(REGO.format(n=n) for n in numbers), encoding="utf-8")
        program.write_text(REGORUS, encoding="utf-8")
        yield "regorus", [options.regorus, program, policy, options.plan]
    if options.checkov:
        checks = folder / "checks"
        checks.mkdir()
        for n in numbers:
            (checks / f"{n}.yaml").write_text(CHECKOV.format(n=n), encoding="utf-8")
        flags = ["--framework", "terraform_plan", "--check", "CKV2_OWN_*", "--quiet", "--compact", "-o", "json"]
        yield "checkov", [options.checkov, "-f", options.plan, "--external-checks-dir", checks, *flags]
    if options.c7n_left and options.folder:
        policies = folder / "policies"
        policies.mkdir()
        text = "policies:\n" + "".join(C7N.format(n=n) for n in numbers)
        (policies / "own.yaml").write_text(text, encoding="utf-8")
        yield "c7n-left", [options.c7n_left, "run", "-p", policies, "-d", options.folder, "-o", "json"]


def main() -> None:
    """Print a table: the median of each tool, all measured in turns, beside parsing the plan alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=lambda text: Path(text).resolve())
    for name in ("--checkov", "--regorus", "--c7n-left", "--folder"):
        parser.add_argument(name, default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        env = {**os.environ, "GUARDRAIL_CACHE_DIR": str(folder / "cache")}
        tools = dict(commands(options, folder))
        run(tools["guardrail, with prices"], env, HERE.parent)  # compiles the checkout's catalog, once
        turns = [{"parsing": run([sys.executable, "-c", PARSE, options.plan], env)} for _ in range(TIMES)]
        for turn in turns:
            turn |= {name: run(command, env, HERE.parent) for name, command in tools.items()}
    count = len(json.loads(options.plan.read_bytes())["resource_changes"])
    print(f"{count:,} resources, {RULES} rules, medians of {TIMES} turns (load {os.getloadavg()[0]:.1f} at the end)\n")
    print("| tool | clock | processor | times parsing | peak memory |\n|---|---:|---:|---:|---:|")
    for name in turns[0]:
        one = middle([turn[name] for turn in turns])
        times = median(turn[name].cpu / turn["parsing"].cpu for turn in turns)
        print(f"| {name} | {one.wall:.2f} s | {one.cpu:.2f} s | {times:.1f} | {one.megabytes:.0f} MB |")


if __name__ == "__main__":
    main()
