"""`benchmarks/focus_model.py`: files against rules in the form of FOCUS's requirement model, here a few of our own."""

import json
import sys

import duckdb
import pytest

from benchmarks.focus_model import main


def rule(check, *, condition=None, keyword="MUST", kind="Static", criteria=()):
    return {
        "Type": kind,
        "ApplicabilityCriteria": list(criteria),
        "ValidationCriteria": {"MustSatisfy": "it must", "Keyword": keyword, "Requirement": check, "Condition": condition or {}},
    }  # fmt: skip


def value(column, wanted, function="CheckValue"):
    return {"CheckFunction": function, "ColumnName": column, "Value": wanted}


def joined(function, *checks):
    return {"CheckFunction": function, "Items": list(checks)}


MODEL = {
    "ApplicabilityCriteria": {"REGIONS": {}},
    "ModelRules": {
        "cost-there": rule({"CheckFunction": "ColumnPresent", "ColumnName": "Cost"}),
        "region-there": rule({"CheckFunction": "ColumnPresent", "ColumnName": "Region"}, criteria=["REGIONS"]),
        "cost-a-number": rule({"CheckFunction": "TypeDecimal", "ColumnName": "Cost"}),
        "kind": rule(joined("OR", value("Kind", "Usage"), value("Kind", "Tax"))),
        "no-unit-of-taxes": rule(value("Unit", None), condition=value("Kind", "Tax")),
        "unit": rule(value("Unit", None, "CheckNotValue"), condition=[value("Kind", "Usage"), value("Cost", 0, "CheckNotValue")]),
        "product": rule({"CheckFunction": "ColumnByColumnEqualsColumnValue", "ColumnAName": "Price", "ColumnBName": "Quantity",
                         "ResultColumnName": "Cost"}),
        "time": rule({"CheckFunction": "FormatDateTime", "ColumnName": "Start"}),
        "pairs": rule({"CheckFunction": "FormatKeyValue", "ColumnName": "Tags"}),
        "one-kind-for-a-unit": rule({"CheckFunction": "CheckDistinctCount", "ColumnAName": "Unit", "ColumnBName": "Kind",
                                     "ExpectedCount": 1}),
        "may": rule(value("Unit", "x"), keyword="MAY"),
        "invoice": rule({}, kind="Dynamic"),
        "all": rule(joined("AND", *({"CheckFunction": "CheckModelRule", "ModelRuleId": name} for name in ("kind", "invoice")))),
    },
}  # fmt: skip
GOOD = 'Cost,Kind,Unit,Price,Quantity,Start,Tags\n6,Usage,Hours,2,3,2026-10-01T00:00:00Z,"{""a"": ""b""}"\n1.5e-1,Tax,,,,2026-10-01T00:00:00Z,\n0,Usage,,,,2026-10-01T00:00:00Z,\n'
BAD = 'Cost,Kind,Unit,Price,Quantity,Start,Tags\nx,Fee,Hours,2,3,2026-10-01,"[1]"\n5,Tax,Hours,2,3,2026-10-01T00:00:00Z,"{""a"": {}}"\n7,Usage,,,,,\n'


@pytest.fixture
def hold(tmp_path, monkeypatch, capsys):
    (tmp_path / "model.json").write_text(json.dumps(MODEL))

    def call(path, *args):
        monkeypatch.setattr(sys, "argv", ["focus_model.py", str(tmp_path / "model.json"), str(path), *args])
        code = main()
        return code, capsys.readouterr().out.splitlines()

    return call


def test_what_is_right_passes_in_csv_and_parquet(hold, tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    duckdb.connect().execute(f"""copy (select * replace (Cost::decimal(38,18) as Cost, Start::timestamp as Start)
        from read_csv('{tmp_path}/good.csv', all_varchar = true)) to '{tmp_path}/good.parquet' (format parquet)""")
    for name in ("good.csv", "good.parquet"):
        code, lines = hold(tmp_path / name, "--without", "REGIONS")
        assert (code, lines) == (0, [f"{tmp_path / name}: 3 rows, 11 passed, 0 failed, 2 not applicable"])


def test_what_is_wrong_is_named_with_the_number_of_rows(hold, tmp_path):
    (tmp_path / "bad.csv").write_text(BAD)
    code, lines = hold(tmp_path / "bad.csv")
    assert (code, lines[0].partition(": ")[2]) == (1, "3 rows, 2 passed, 10 failed, 1 not applicable")
    assert [line.strip() for line in lines[1:]] == [
        "region-there (the column is not there): it must",
        "cost-a-number (1 of 3): it must",
        "kind (1 of 3): it must",
        "no-unit-of-taxes (1 of 1): it must",
        "unit (1 of 1): it must",
        "product (2 of 3): it must",
        "time (1 of 3): it must",
        "pairs (2 of 3): it must",
        "one-kind-for-a-unit (1 of 3): it must",
    ]
    code, lines = hold(tmp_path / "bad.csv", "--markdown")
    assert lines[2].startswith("| bad.csv | 3 | 2 | 10 | 1 | cost-a-number, ")


def test_a_criterion_that_the_model_does_not_have_is_refused(hold, tmp_path):
    with pytest.raises(SystemExit):
        hold(tmp_path / "any.csv", "--without", "MOON")
