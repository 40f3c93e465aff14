"""Ledgers as pages: the shop's, and made ones."""

import pytest

from tests.finops.conftest import shop, shop_ledger  # noqa: F401 - fixtures
from tests.report.html_page import parsed

NOW = "2026-11-20T12:00:00Z"


@pytest.fixture(scope="session")
def shop_site(command, shop, once):  # noqa: F811 - the fixture
    """Return the pages of the shop, made once. Tests only read them."""

    def write(folder):
        ran = command("dashboard", "--out", str(folder), "--now", NOW, cwd=shop)
        assert (ran.exit_code, ran.stderr) == (0, "")

    return once("shop-site", write)


CONFIG = """
version: 1
budgets:
  - {name: all, spend: 550, period: month, alerts: [80, {forecast: 70}]}
  - {name: shop team, spend: 250, period: month, match: {tags: {team: shop}}, alerts: [50, 30]}
  - {name: year, spend: 5000, period: year}
  - {name: "<i>changes</i>", monthly: 100}
"""
AT = "2026-10-20"


@pytest.fixture(scope="session")
def full(command, shop, once):  # noqa: F811 - the fixture
    """Return a folder with a configuration that all pages have something of, and the pages in `site`, made once."""

    def write(folder):
        (folder / "guardrail.yaml").write_text(f"{CONFIG}ledger: {{path: {shop / 'ledger'}}}\n")
        told = command("recommend", "--ledger", "ledger", "--format", "json", "--now", AT, cwd=shop)
        assert told.exit_code == 0, told.stderr
        (folder / "open.json").write_text(told.stdout)
        ran = command("dashboard", "--out", "site", "--now", AT, "--recommendations", "open.json", cwd=folder)
        assert (ran.exit_code, ran.stderr) == (0, "")

    return once("full", write)


def read(folder, name="index.html"):
    """Return a page, read strictly."""
    return parsed((folder / name).read_text(encoding="utf-8"))


def rows_of(page, caption):
    """Return the rows of the table with a caption: texts, and exact amounts where there are any."""
    place = next(number for number, one in enumerate(page.elements) if one.tag == "caption" and one.text == caption)
    table = page.elements[place].inside[-1]
    found: dict[int, dict[int, str]] = {}
    for one in page.elements:
        # By identity: two cells may have equal texts.
        if not any(each is table for each in one.inside):
            continue
        row = next((each for each in one.inside if each.tag == "tr"), None)
        if one.tag in {"th", "td"}:
            found.setdefault(id(row), {})[id(one)] = one.text
        elif one.tag == "data":
            cell = next(each for each in one.inside if each.tag in {"th", "td"})
            found[id(row)][id(cell)] = one.attributes["value"]
    return [list(cells.values()) for cells in found.values()]
