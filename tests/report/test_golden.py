"""Whole reports as files to look at: `pytest --update-golden` writes them anew."""

import json

import pytest

from guardrail.report import FORMATS
from guardrail.report.csv_rows import csv_rows
from guardrail.report.json.v1 import json_v1
from guardrail.report.markdown.document import markdown
from guardrail.report.terminal.concise import concise
from guardrail.report.terminal.table import table
from tests.report import samples

REPORTS = {
    "shop": samples.shop(),
    "several": samples.several(),
    "estimate": samples.shop(judged=False),
    "empty": samples.report(),
    "missing": samples.missing(),
    "assumed-usage": samples.assumed_usage(),
}


def pretty(render):
    return lambda report: json.dumps(json.loads(render(report)), indent=2, ensure_ascii=False) + "\n"


RENDERERS = {
    "80.txt": lambda report: table(report, width=80),
    "120.txt": lambda report: table(report, width=120, details=True),
    "concise.txt": concise,
    "md": markdown,
    "json": pretty(json_v1),
    "html": FORMATS["html"],
    "csv": csv_rows,
    "sarif": pretty(FORMATS["sarif"]),
    "suppressed.sarif": pretty(FORMATS["sarif-suppressed"]),
    "junit.xml": FORMATS["junit"],
    "github.txt": FORMATS["github"],
    "gitlab.json": pretty(FORMATS["gitlab"]),
    "bitbucket.md": FORMATS["markdown-bitbucket"],
    "infracost.json": pretty(FORMATS["infracost-json"]),
}


@pytest.mark.parametrize("ending", RENDERERS)
@pytest.mark.parametrize("name", REPORTS)
def test_report(golden, name, ending):
    text = RENDERERS[ending](REPORTS[name])
    assert text or ending == "github.txt"
    golden(f"report/{name}.{ending}", text)
