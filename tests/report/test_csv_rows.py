"""The report as a spreadsheet."""

import csv
import io

import pytest

from guardrail.report.csv_rows import COLUMNS, csv_rows
from tests.report import samples


def read(report):
    text = csv_rows(report)
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_a_line_a_side():
    rows = read(samples.shop())
    app = [row for row in rows if row["address"] == 'module.web["eu"].aws_instance.app[0]']
    assert [(row["side"], row["component"], row["monthly_cost"]) for row in app] == [
        ("before", "Instance usage", "60.74"),
        ("before", "Storage (gp3)", "0.64"),
        ("after", "Instance usage", "242.94"),
        ("after", "Storage (gp3)", "0.64"),
    ]
    assert tuple(rows[0]) == COLUMNS


def test_what_has_no_price_has_an_empty_cell_and_what_is_free_has_0():
    cells = {
        row["address"]: (row["monthly_cost"], row["status"]) for row in read(samples.shop()) if row["side"] == "after"
    }
    assert cells["aws_foo_bar.a"] == ("", "unsupported")
    assert cells["aws_lambda_function.resize"] == ("", "usage")
    assert cells["aws_iam_role.app"] == ("0", "free")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "::set-output name=a::b"])
def test_no_text_is_a_formula(start):
    report = samples.report([samples.resource(start, after=samples.cost(samples.line(start, group=start)))], name=start)
    (row,) = read(report)
    assert {row["project"], row["address"], row["component"], row["group"]} == {f"'{start}"}


def test_a_line_break_in_a_name_makes_no_row():
    report = samples.report([samples.resource("a\r\n=b\n::c", after=samples.cost(samples.line()))])
    assert len(csv_rows(report).splitlines()) == 2
    assert read(report)[0]["address"] == r"a\r\n=b\n::c"
