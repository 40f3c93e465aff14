"""Whole reports as files to look at: `pytest --update-golden` writes them anew."""

import json

import pytest

from guardrail.report import csv_rows, json_v1, markdown, table
from tests.report import samples

REPORTS = {
    "shop": samples.shop(),
    "several": samples.several(),
    "estimate": samples.shop(judged=False),
    "empty": samples.report(),
}


def pretty(report):
    return json.dumps(json.loads(json_v1(report)), indent=2, ensure_ascii=False) + "\n"


RENDERERS = {
    "80.txt": lambda report: table(report, width=80),
    "120.txt": lambda report: table(report, width=120, details=True),
    "md": markdown,
    "json": pretty,
    "csv": csv_rows,
}


@pytest.mark.parametrize("ending", RENDERERS)
@pytest.mark.parametrize("name", REPORTS)
def test_report(golden, name, ending):
    text = RENDERERS[ending](REPORTS[name])
    assert text
    golden(f"report/{name}.{ending}", text)
