"""What an installation carries, and that its declarations are true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import guardrail
import hatch_build
from guardrail import data

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built by the backend in this environment: no network, no fresh environment."""
    out = tmp_path_factory.mktemp("dist")
    script = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    ran = subprocess.run(
        [sys.executable, "-c", script, str(out)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_carries_every_rule_kpi_definition_workflow_and_template(wheel):
    shipped = [
        *(ROOT / "rules").rglob("*.yaml"),
        *(ROOT / "kpis").glob("*.yaml"),
        *(ROOT / "pricing" / "definitions").rglob("*.toml"),
    ]
    expected = {f"guardrail/_data/{path.relative_to(ROOT).as_posix()}" for path in shipped}
    expected |= {f"guardrail/_data/workflows/{path.name}" for path in (ROOT / "examples" / "workflows").iterdir()}
    expected |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "guardrail/starter/templates").iterdir()}
    assert len(expected) > len(shipped)
    assert expected <= set(wheel.namelist())


@pytest.mark.parametrize(
    "ref, commit", [("refs/tags/v1.2.3", "abc"), ("refs/tags/v1.2.2", ""), ("refs/heads/main", ""), (None, "")]
)
def test_only_the_build_of_a_release_knows_its_commit(monkeypatch, ref, commit):
    monkeypatch.setenv("GITHUB_SHA", "abc")
    if ref:
        monkeypatch.setenv("GITHUB_REF", ref)
    assert hatch_build._release_commit("1.2.3") == commit
    assert data.release_commit() == ""


def test_the_wheel_carries_prices_compiled_and_not_as_text(wheel):
    names = wheel.namelist()
    assert "guardrail/_data/pricing/catalog.sqlite" in names
    assert "guardrail/py.typed" in names
    assert not [name for name in names if name.startswith("guardrail/_data/pricing/catalog/")]


def test_the_wheel_is_under_ten_megabytes(wheel):
    assert Path(str(wheel.filename)).stat().st_size < 10 * MEGABYTE


def test_the_wheel_holds_nothing_but_the_package(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"guardrail", f"guardrail_finops-{guardrail.__version__}.dist-info"}


def test_a_checkout_uses_its_own_rules_and_prices():
    assert data.rules_dir() == ROOT / "rules"
    assert data.pricing_dir() == ROOT / "pricing"
    assert data.kpis_dir() == ROOT / "kpis"


def test_the_installed_commands_are_the_command_line():
    assert PROJECT["scripts"] == {"guardrail": "guardrail.cli:main", "guardrail-finops": "guardrail.cli:main"}


OPTIONAL = ("cloud", "dask", "fast", "ledger", "postgres", "serve", "watch")


def test_every_import_is_declared_and_every_dependency_imported():
    declared = {_name(requirement) for requirement in PROJECT["dependencies"]}
    extras = PROJECT["optional-dependencies"]
    optional = {_name(requirement) for name in OPTIONAL for requirement in extras[name]}
    distributions = packages_distributions()
    imported = {
        _name(distributions.get(module, [module])[0])
        for path in (ROOT / "guardrail").rglob("*.py")
        for module in _imports(path)
        if module not in sys.stdlib_module_names and module != "guardrail"
    }
    assert imported - optional == declared


def test_version_is_answered_without_loading_what_it_does_not_need():
    script = "import sys; from guardrail.cli import main; main(['--version']); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, modules = ran.stdout.splitlines()
    assert first == f"guardrail {guardrail.__version__}"
    assert not {"celpy", "cel_expr_python", "rich", "pydantic", "yaml"} & set(modules.split())


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~!; ]", requirement)[0].lower().replace("_", "-")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
