"""Results read back: what was written comes out again, and what was not is refused in one line."""

import copy
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.model.cost import Cost, Line, LineStatus, ResourceStatus
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import PullRequest
from guardrail.model.resource import Action, Tags
from guardrail.model.unknown import Unknown
from guardrail.report.json.read import parse_result, read_result
from guardrail.report.json.v1 import json_v1
from tests.report import samples
from tests.report.schemas import report_validator

SHOP = json_v1(samples.shop())
AMOUNTS = st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)
TEXT = st.text(max_size=12)


@pytest.mark.parametrize(
    "report",
    [
        samples.shop(),
        samples.shop(judged=False),
        samples.several(),
        samples.report(),
        samples.assumed_usage(),
        replace(samples.shop(), pull_request=PullRequest(12, "a" * 40)),
    ],
)
def test_what_is_written_comes_out_again(report):
    text = json_v1(report)
    again = parse_result(text.encode())
    assert json_v1(again) == text
    assert again.verdict == report.verdict
    assert again.totals == report.totals


@st.composite
def lines(draw):
    status = draw(st.sampled_from(LineStatus))
    amounts = {name: draw(AMOUNTS) for name in ("monthly_quantity", "unit_price", "monthly_cost")}
    return Line(draw(TEXT), draw(TEXT), status, draw(TEXT), note=draw(TEXT), **amounts)


@st.composite
def costs(draw):
    found = tuple(draw(st.lists(lines(), max_size=3)))
    if not found:
        return Cost((), draw(st.sampled_from([ResourceStatus.FREE, ResourceStatus.UNSUPPORTED])), draw(TEXT))
    whole = all(line.monthly_cost is not None for line in found)
    return Cost(found, ResourceStatus.PRICED if whole else ResourceStatus.PARTIAL, draw(TEXT))


TAGS = st.builds(
    lambda values, unknown: Tags(values, unknown=Unknown("tags") if unknown else None),
    st.dictionaries(TEXT, TEXT | st.just(Unknown("tags.x")), max_size=2),
    st.booleans(),
)


@st.composite
def reports(draw):
    action = draw(st.sampled_from(Action))
    before = None if action is Action.CREATE else draw(costs())
    after = None if action is Action.DELETE else draw(costs())
    tags = {"tags": draw(TAGS), "before_tags": draw(TAGS)}
    resource = samples.resource(draw(TEXT), action, before, after, **tags)
    evidence = draw(
        st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT), max_size=2)
    )
    finding = samples.finding(draw(TEXT), blocking=draw(st.booleans()), message=draw(TEXT), evidence=evidence)
    return samples.report([resource], [finding], name=draw(TEXT))


@given(reports())
def test_any_report_comes_out_again(report):
    text = json_v1(report)
    again = parse_result(text.encode())
    assert json_v1(again) == text
    assert again.totals == report.totals


def test_differences_of_a_stranger_are_bounded():
    document = json.loads(SHOP)
    one = {"path": "p" * 10_000, "before": "b" * 10_000, "after": None, "after_unknown": "u" * 10_000, "effect": "1.5"}
    document["projects"][0]["resources"][0]["differences"] = [one] * 10_000
    resource = parse_result(json.dumps(document).encode()).projects[0].resources[0]
    assert (len(resource.differences), resource.omitted) == (40, 9_960)
    assert len(json.dumps(json.loads(json_v1(samples.report([resource])))["projects"][0]["resources"])) < 40_000


def test_tags_of_both_sides_are_kept_apart():
    moved = samples.resource(
        action=Action.UPDATE,
        before=samples.cost(samples.line()),
        after=samples.cost(samples.line()),
        tags=Tags({"team": "b"}),
        before_tags=Tags({"team": "a"}),
    )
    change = parse_result(json_v1(samples.report([moved])).encode()).projects[0].resources[0].change
    assert (change.tags.values, change.before_tags.values) == ({"team": "b"}, {"team": "a"})


def places(document, path=()):
    """Every place in a document at which something can be missing or wrong."""
    if isinstance(document, dict):
        for key, value in document.items():
            if path[-1:] not in {("evidence",), ("tags",)}:
                yield (*path, key)
                yield from places(value, (*path, key))
    elif isinstance(document, list) and document:
        yield from places(document[0], (*path, 0))


ALL_PLACES = list(places(json.loads(SHOP)))
SINCE_0_2 = {
    "inputs",
    "not_evaluated",
    "assumed",
    "lower_bound",
    "monthly_before_bound",
    "monthly_cost_bound",
    "monthly_delta_bound",
    "team_tag",
    "counts",
    "calls",
    "end_line",
    "differences",
    "commit",
    "ref",
    "event",
    "needs_approval",
    "approved",
}
"""Keys that results of the release before do not have."""


CHANGES = [("wrong", place) for place in ALL_PLACES if place[-1] not in {"before", "after"}]  # which may be a number
CHANGES += [("missing", place) for place in ALL_PLACES if place[-1] not in SINCE_0_2]


@pytest.mark.parametrize(
    "change, place", CHANGES, ids=lambda part: part if isinstance(part, str) else ".".join(map(str, part))
)
def test_it_refuses_what_the_schema_refuses(place, change):
    document = copy.deepcopy(json.loads(SHOP))
    holder = document
    for step in place[:-1]:
        holder = holder[step]
    if change == "missing":
        del holder[place[-1]]
    else:
        holder[place[-1]] = 12.5
    assert not report_validator().is_valid(document)
    with pytest.raises(InputError) as caught:
        parse_result(json.dumps(document).encode(), where="result.json")
    assert str(caught.value).startswith("result.json: not a result of guardrail.report/v1: ")
    assert "\n" not in str(caught.value)


def test_results_of_the_release_before_are_read():
    document = json.loads(SHOP)
    for holder in (document, document["projects"][0]):
        holder["totals"] = {key: value for key, value in holder["totals"].items() if key not in SINCE_0_2}
    del document["projects"][0]["not_evaluated"], document["counts"], document["team_tag"]
    document["projects"][0]["warnings"] = ["not evaluated: aws_nat_gateway.n: count is known only after apply", "else"]
    assert report_validator().is_valid(document)
    (project,) = parse_result(json.dumps(document).encode()).projects
    assert project.warnings == ("else",)
    assert project.not_evaluated == (NotEvaluated("aws_nat_gateway.n", "count is known only after apply"),)
    assert (project.totals.not_evaluated, project.totals.lower_bound) == (1, True)


HOSTILE = {
    "empty": b"",
    "no JSON": b"<html>",
    "a list": b"[]",
    "a plan": b'{"format_version":"1.2","resource_changes":[]}',
    "another version": SHOP.replace("report/v1", "report/v2").encode(),
    "deep evidence": SHOP.replace('"evidence":{', '"evidence":{"x":' + "[" * 50_000 + "]" * 50_000 + ",").encode(),
    "a million digits": SHOP.replace('"monthly_cost":"0.64"', f'"monthly_cost":"{"9" * 1_000_000}"').encode(),
    "not a number": SHOP.replace('"monthly_cost":"0.64"', '"monthly_cost":"NaN"').encode(),
    "line 0": SHOP.replace('"line":12', '"line":0').encode(),
    "no date": SHOP.replace('"expires":"2026-12-31"', '"expires":"2026-13-31"').encode(),
    "half a character": SHOP.replace('"name":"shop"', '"name":"\\ud800"').encode(),
    "not UTF-8": SHOP.replace('"name":"shop"', '"name":"\xff"').encode("latin-1"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_in_one_line(name):
    assert HOSTILE[name] != SHOP.encode()
    with pytest.raises(InputError) as caught:
        parse_result(HOSTILE[name], where="r.json")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(SHOP, encoding="utf-8")
    assert json_v1(read_result(path)) == SHOP
    with pytest.raises(InputError, match=r"are more than the 1,000 that are read"):
        read_result(path, max_bytes=1_000)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_result(tmp_path / "none.json")


def test_amounts_are_not_rounded():
    exact = Decimal("0.0000166667")
    text = json_v1(samples.report([samples.resource(after=samples.cost(samples.line(monthly="1", unit_price=exact)))]))
    after = parse_result(text.encode()).projects[0].resources[0].after
    assert after is not None
    assert after.lines[0].unit_price == exact
