"""docs/finops: commands of its pages print what they show."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from guardrail.errors import ConfigError
from guardrail.files.checked import checked
from guardrail.files.yaml_file import parse_yaml
from guardrail.finops.allocation.file import Allocation
from tests.finops.conftest import SHOP

PAGES = Path(__file__).parents[2] / "docs" / "finops"
PAGE = (PAGES / "spend.md").read_text(encoding="utf-8")
_SHOWN = re.compile(r"^```sh\n([^`]*)^```(?:\n\n```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
SHOWN = _SHOWN.findall(PAGE)


def test_its_commands_print_what_it_shows(run, tmp_path):
    for name in ("bill.csv", "allocation.yaml"):
        shutil.copy(SHOP / name, tmp_path)
    for commands, shown in SHOWN:
        ran = [run(*shlex.split(line)[1:]) for line in commands.splitlines()]
        assert [one.stderr for one in ran if one.exit_code] == []
        printed = "".join(one.stdout for one in ran if not one.stdout.startswith("added"))
        assert not shown or printed == shown
    assert sum(bool(shown) for _, shown in SHOWN) == 2


def test_estimate_and_bill_are_what_their_page_shows(command, shop):
    shown = _SHOWN.findall((PAGES / "accuracy.md").read_text(encoding="utf-8"))
    for commands, printed in shown:
        ran = [command(*shlex.split(line)[1:], cwd=shop) for line in commands.splitlines()]
        assert [one.stderr for one in ran if one.exit_code] == []
        assert not printed or "".join(one.stdout for one in ran) == printed
    assert sum(bool(printed) for _, printed in shown) == 2


def test_the_budget_of_the_example_is_told_as_its_page_shows(command, shop):
    page = (PAGES / "budgets.md").read_text(encoding="utf-8")
    ((line, printed),) = _SHOWN.findall(page)
    ran = command(*shlex.split(line)[1:], cwd=shop)
    assert (ran.exit_code, ran.stdout) == (0, printed)


def test_configurations_and_the_rule_of_the_page_on_budgets_are_read_and_pass_their_tests(run, tmp_path):
    page = (PAGES / "budgets.md").read_text(encoding="utf-8")
    *configurations, rule = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    for text in configurations:
        (tmp_path / "guardrail.yaml").write_text(f"version: 1\n{text}", encoding="utf-8")
        assert run("validate").exit_code == 0
    (tmp_path / "forecast.yaml").write_text(rule, encoding="utf-8")
    ran = run("rules", "test", "forecast.yaml")
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith(" failed in 1 rule\n")


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
def test_its_files_are_read(text):
    checked(Allocation, parse_yaml(text, ConfigError, name="page"), ConfigError)


def test_the_example_s_allocation_is_the_one_shown():
    example = parse_yaml((SHOP / "allocation.yaml").read_text(encoding="utf-8"), ConfigError, name="example")
    assert example.data in [
        parse_yaml(text, ConfigError, name="page").data
        for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    ]
