"""Kinds of input: each writes its files into an empty folder and returns what to run on them."""

import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from guardrail.catalog.store import shipped_catalog
from tests.fuzz import policies
from tests.fuzz.configuration import Configuration
from tests.fuzz.mutation import STRANGE, any_bytes, any_document, any_lines, written

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop"
FORMATS = (
    "table",
    "concise",
    "json",
    "markdown",
    "csv",
    "sarif",
    "junit",
    "github",
    "gitlab",
    "markdown-gitlab",
    "infracost-json",
)
REGION = "us-east-1"


class Seeds:
    """What is damaged: whole files, read or made once."""

    def __init__(self, folder: Path):
        """`folder` takes what has to be made: a small catalog, a saved plan, results."""
        self.folder = folder
        self.plan: dict[str, Any] = json.loads((SHOP / "plan.json").read_bytes())
        self.results = [
            json.loads(path.read_bytes())
            for path in sorted((ROOT / "tests/data/golden/report").glob("*.json"))
            if "." not in path.stem
        ]
        self.definitions = sorted((ROOT / "pricing" / "definitions").rglob("*.toml"))
        self.catalog = self._catalog()
        self._saved: bytes | None = None

    def part_of_plan(self, random: Random, most: int) -> dict[str, Any]:
        """Return the plan with a few of its resources only, so that a run is short."""
        changes = random.sample(self.plan["resource_changes"], random.randrange(1, most))
        return {**self.plan, "resource_changes": changes, "planned_values": {}, "prior_state": {}}

    def saved_plan(self) -> bytes:
        """Return what `terraform plan -out` writes for a small configuration."""
        if self._saved is None:
            from tests.terraform.real_terraform import plan  # noqa: PLC0415 - starts Terraform

            folder = self.folder / "saved"
            folder.mkdir()
            (folder / "main.tf").write_text(
                'variable "s" {\n default = "x"\n sensitive = true\n}\n'
                'resource "terraform_data" "r" {\n count = 2\n input = { a = [1, "b", null, true], s = var.s }\n}\n',
                encoding="utf-8",
            )
            plan(folder)
            self._saved = (folder / "tfplan").read_bytes()
        return self._saved

    def _catalog(self) -> bytes:
        """Return the shipped catalog with the prices of one service in one region."""
        path = Path(shutil.copy(shipped_catalog(), self.folder / "catalog.sqlite"))
        with closing(sqlite3.connect(path)) as database:
            keep = f"select id from shelf where service = 'AmazonEC2' and region = '{REGION}'"
            database.execute(f"delete from price where shelf not in ({keep})")
            database.commit()
            database.execute("vacuum")
        return path.read_bytes()


Kind = Callable[[Random, Path, Seeds], list[str]]


def plan(random: Random, folder: Path, seeds: Seeds) -> list[str]:
    """A plan as JSON: values that no provider writes, and bytes that are no JSON."""
    document = any_document(random, seeds.part_of_plan(random, 8), random.choice((1, 2, 4, 12)))
    (folder / "plan.json").write_bytes(written(random, document))
    if random.random() < 0.1:
        return ["diff", str(SHOP / "plan.json"), "plan.json", "--format", random.choice(FORMATS)]
    command = random.choice(("check", "check", "estimate"))
    if random.random() < 0.5:
        shutil.copytree(SHOP, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("plan.json", "*.tf"))
    return [command, "plan.json", "--format", random.choice(FORMATS)]


def configuration(random: Random, folder: Path, _: Seeds) -> list[str]:
    """A folder of configuration with a module, variables and now and then JSON, some of it damaged."""
    write = Configuration(random)
    for path, most in (("main.tf", 9), ("m/main.tf", 4)):
        text = "".join(write.block() for _ in range(random.randrange(1, most)))
        if random.random() < 0.3:
            text = any_lines(random, text, random.choice((1, 2, 6)))
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", errors="surrogatepass")
    if random.random() < 0.3:
        (folder / "terraform.tfvars").write_text(
            "".join(f"{name} = {write.expression(2)}\n" for name in "ab"), encoding="utf-8"
        )
    if random.random() < 0.2:
        block = {
            "resource": {"aws_instance": {"j": {"instance_type": "${var.a}", "count": 2, "tags": [{}]}}},
            "variable": {"j": {}},
        }
        (folder / "j.tf.json").write_bytes(written(random, any_document(random, block, 2)))
    if random.random() < 0.1:
        (folder / "main.tf").write_bytes(any_bytes(random, (folder / "main.tf").read_bytes(), 3))
    args = random.choice((["check"], ["check", "--fix-diff"], ["check", "--suggest"], ["estimate"]))
    return [*args, ".", "--format", random.choice(FORMATS)] if "--fix-diff" not in args else [*args, "."]


def definition(random: Random, folder: Path, seeds: Seeds) -> list[str]:
    """A definition of one's own that is not what it should be."""
    text = random.choice(seeds.definitions).read_text(encoding="utf-8")
    (folder / "definitions").mkdir()
    changed = any_bytes(random, any_lines(random, text, random.choice((1, 2, 6))).encode(), random.choice((0, 0, 0, 2)))
    kind = random.choice(seeds.plan["resource_changes"])["type"]
    (folder / "definitions" / f"{kind}.toml").write_bytes(changed)
    (folder / "guardrail.yaml").write_text("version: 1\npricing: {definitions: [definitions]}\n", encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps(seeds.part_of_plan(random, 12)), encoding="utf-8")
    return random.choice((["check", "plan.json"], ["check", "plan.json", "--details"], ["validate"]))


def catalog(random: Random, folder: Path, seeds: Seeds) -> list[str]:
    """A catalog with damaged pages, or with values that no price list has."""
    path = folder / "catalog.sqlite"
    if random.random() < 0.5:
        path.write_bytes(any_bytes(random, seeds.catalog, random.choice((1, 20, 300))))
    else:
        path.write_bytes(seeds.catalog)
        with closing(sqlite3.connect(path)) as database:
            tables = [name for (name,) in database.execute("select name from sqlite_schema where type = 'table'")]
            table = random.choice(tables)
            column = random.choice([row[1] for row in database.execute(f"pragma table_info('{table}')")])
            value = random.choice(
                [one for one in STRANGE if one is None or (isinstance(one, float | str) and one != "\ud800")]
                + [b"\xff", -1]
            )
            try:
                database.execute(
                    f"update or ignore {table} set {column} = ? where rowid % ? = 0", (value, random.choice((1, 2, 50)))
                )
            except sqlite3.Error:
                database.execute(f"drop table {table}")
            database.commit()
    (folder / "plan.json").write_text(json.dumps(seeds.part_of_plan(random, 8)), encoding="utf-8")
    command = random.choice((["check", "plan.json"], ["estimate", "plan.json"], ["pricing", "status"]))
    return [*command, "--catalog", path.name]


def results(random: Random, folder: Path, seeds: Seeds) -> list[str]:
    """The JSON of earlier runs, as a later step reads it."""
    document = any_document(random, random.choice(seeds.results), random.choice((1, 2, 6)))
    (folder / "result.json").write_bytes(written(random, document))
    if random.random() < 0.3:
        return ["diff", "result.json", str(SHOP / "plan.json")]
    return ["report", "result.json", "--comment", "never", "--format", random.choice(FORMATS)]


def saved_plan(random: Random, folder: Path, seeds: Seeds) -> list[str]:
    """A saved plan: a damaged archive, or a whole one around damaged messages."""
    data = seeds.saved_plan()
    if random.random() < 0.25:
        data = any_bytes(random, data, random.choice((1, 5)))
    else:
        written = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(written, "w") as target:
            hit = random.choice(source.namelist()) if random.random() < 0.5 else "tfplan"
            for name in source.namelist():
                content = source.read(name)
                target.writestr(name, any_bytes(random, content, random.choice((1, 2, 5))) if name == hit else content)
        data = written.getvalue()
    (folder / "tfplan").write_bytes(data)
    return ["check", "tfplan", "--format", random.choice(FORMATS)]


KINDS: dict[str, Kind] = {
    one.__name__: one for one in (plan, configuration, *policies.KINDS, definition, catalog, results, saved_plan)
}
"""Name -> what writes an input of the kind."""
