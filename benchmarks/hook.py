"""Measures the commit hook on a repository of 50 files: `python benchmarks/hook.py` writes HOOK.md."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.run import BUSY, Run, middle, run  # noqa: E402
from guardrail import __version__  # noqa: E402 - found by the line above

TIMES = 9
MODULES = 10
ENVIRONMENTS = ("prod", "staging", "dev")
BUDGET = "1 s above the interpreter's start"

MODULE = {
    "variables.tf": 'variable "name" {}\nvariable "tags" { default = {} }\nvariable "size" { default = "t3.micro" }\n',
    "main.tf": """\
locals {
  tags = merge(var.tags, { part = "NAME" })
}
resource "aws_instance" "this" {
  count         = 3
  ami           = "ami-12345678"
  instance_type = var.size
  tags          = merge(local.tags, { Name = "${var.name}-${count.index}" })
  root_block_device {
    volume_type = "gp3"
    volume_size = 20
  }
}
resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(["app", "audit", "access"])
  name              = "/NAME/${var.name}/${each.key}"
  retention_in_days = 30
  tags              = local.tags
}
""",
    "outputs.tf": 'output "names" {\n  value = [for group in aws_cloudwatch_log_group.this : group.name]\n}\n',
}
ROOT = {
    "versions.tf": 'terraform {\n  required_version = ">= 1.5"\n}\n',
    "variables.tf": 'variable "region" {\n  default = "eu-west-1"\n}\n',
    "terraform.tfvars": 'region = "us-east-1"\n',
    "provider.tf": 'provider "aws" {\n  region = var.region\n  default_tags {\n    tags = { team = "core", env = "NAME" }\n  }\n}\n',
    "data.tf": 'resource "aws_db_instance" "this" {\n  engine            = "postgres"\n  instance_class    = "db.t3.medium"\n'
    "  allocated_storage = 100\n}\n",
}
CALL = 'module "mINDEX" {\n  source = "../../modules/mINDEX"\n  name   = "NAME"\n}\n'
CONFIG = """\
version: 1
projects:
  - {name: prod, path: environments/prod, env: prod}
  - {name: staging, path: environments/staging, env: staging}
  - {name: dev, path: environments/dev, env: dev}
rules: {packs: [tagging, instance-sizes, budget, waste]}
"""


def write(folder: Path) -> int:
    """Write and commit the repository; return the number of its files."""
    files = {"guardrail.yaml": CONFIG}
    for index in range(MODULES):
        files |= {f"modules/m{index}/{name}": text.replace("NAME", f"m{index}") for name, text in MODULE.items()}
    for name in ENVIRONMENTS:
        calls = "".join(CALL.replace("INDEX", str(index)) for index in range(MODULES))
        own = {**ROOT, "main.tf": calls}
        files |= {f"environments/{name}/{file}": text.replace("NAME", name) for file, text in own.items()}
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", "-C", folder, *command], check=True)  # noqa: S607 - the git of the user
    return len(files)


def edit(path: Path, number: int) -> None:
    """Change a file's content to one that it never had."""
    head, _, _ = path.read_text(encoding="utf-8").partition("# edited")
    path.write_text(f"{head}# edited {number}\n", encoding="utf-8")


def rows(repository: Path, env: Mapping[str, str]) -> list[str]:
    """Measure each case in pairs with the interpreter alone, a row each."""
    nothing, module, root = (
        lambda _: None,
        lambda number: edit(repository / "modules/m3/main.tf", number),
        lambda number: edit(repository / "environments/dev/data.tf", number),
    )
    cases: dict[str, tuple[str, Callable[[int], None]]] = {
        "one root module, edited": ("environments/dev/data.tf", root),
        "one root module, as the last time": ("environments/dev/data.tf", nothing),
        "a module that all three use, edited": ("modules/m3/main.tf", module),
        "a module that all three use, as the last time": ("modules/m3/main.tf", nothing),
    }
    found = []
    os.chdir(repository)
    for title, (file, prepare) in cases.items():
        hook: list[str | Path] = [sys.executable, "-m", "guardrail", "check", "--hook", file]
        run(hook, env)
        pairs: list[tuple[Run, Run]] = []
        for number in range(TIMES):
            prepare(number)
            pairs.append((run([sys.executable, "-c", "pass"], env), run(hook, env)))
        start, whole = (middle(runs) for runs in zip(*pairs, strict=True))
        found.append(
            f"| {title} | {whole.wall:.2f} s | {whole.cpu:.2f} s | {whole.wall - start.wall:.2f} s | {whole.megabytes:.0f} MB |"
        )
        print(found[-1], flush=True)
    return found


def main() -> None:
    """Measure and write HOOK.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "HOOK.md")
    out = parser.parse_args().out.resolve()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder, "repository")
        files = write(repository)
        env = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "GUARDRAIL_CACHE_DIR": str(Path(folder, "cache")),
            "PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode")),
            "PYTHONPATH": str(HERE.parent),
        }
        found = rows(repository, env)
    busy = f"Others used the machine meanwhile (load {before:.1f} at the start): the seconds of the clock are too high."
    text = f"""\
# The commit hook

`python benchmarks/hook.py`, {datetime.now(UTC):%Y-%m-%d}, guardrail {__version__}, Python {platform.python_version()}, \
{platform.system()} {platform.machine()}, {os.cpu_count()} processors.

`guardrail check --hook FILE` in a repository of {files} files: {len(ENVIRONMENTS)} root modules that each call {MODULES} modules, \
{len(ENVIRONMENTS) * (MODULES * 6 + 1)} resources. Both sides, the files and HEAD, are evaluated, priced and judged. Whole processes, medians of {TIMES} runs, each
after one of the interpreter alone. Budget: {BUDGET}, where the configuration was read before.
{busy if before > BUSY else "Nothing else ran on the machine."}

| commit | time | of it CPU | above the interpreter's start | peak memory |
|---|---:|---:|---:|---:|
"""
    out.write_text(text + "\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
