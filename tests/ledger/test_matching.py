"""What a charge is of: by its id, by a tag that names an address, as a part of a project's sum, or by nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.ledger.duck import connect
from guardrail.ledger.matching import BY_ID, TagKeys
from guardrail.ledger.views import open_ledger
from tests.ledger.bills import FOCUS, sums, table
from tests.ledger.conftest import result, state

TAGS = TagKeys("tf", "project")
MATCHED = "select row, project, address, evidence from matched order by row"


def row(resource="", **tags):
    return {"ResourceId": resource, "Tags": json.dumps(tags)}


@pytest.fixture
def matched(store):
    """Return what each row of the bill was matched with."""
    return lambda tags=TAGS: open_ledger(store, tags).rows(MATCHED)


def test_an_id_comes_before_a_tag_and_a_tag_before_the_sum_of_a_project(add, bill, matched):
    add(state(("aws_instance.a", {"id": "i-1"}, {}), ("aws_instance.b", {"id": "i-2"}, {})), project="shop")
    told = {"tf": "aws_instance.b", "project": "shop"}
    bill(table(FOCUS, row("i-1", **told), row("i-9", **told), row("i-9", project="shop"), row("i-9"), row()))
    assert matched() == [
        (1, "shop", "aws_instance.a", "id"),
        (2, "shop", "aws_instance.b", "tag"),
        (3, "shop", None, "group"),
        (4, None, None, "none"),
        (5, None, None, "none"),
    ]


def test_tags_tell_nothing_unless_they_are_named(add, bill, matched):
    add(state(("aws_instance.b", {"id": "i-2"}, {})), project="shop")
    bill(table(FOCUS, row(tf="aws_instance.b", project="shop")))
    assert matched(TagKeys()) == [(1, None, None, "none")]
    assert matched(TagKeys(address="tf")) == [(1, "shop", "aws_instance.b", "tag")]
    assert matched(TagKeys(project="project")) == [(1, "shop", None, "group")]


def test_an_address_that_two_projects_have_needs_the_project(add, bill, matched):
    for project in ("shop", "search"):
        add(state(("aws_instance.web", {"id": f"i-{project}"}, {})), project=project)
    rows = [
        row(tf="aws_instance.web"),
        row(tf="aws_instance.web", project="search"),
        row(tf="aws_instance.web", project="x"),
    ]
    bill(table(FOCUS, *rows, row(tf="aws_instance.gone", project="shop")))
    assert matched() == [
        (1, None, None, "none"),
        (2, "search", "aws_instance.web", "tag"),
        (3, None, None, "none"),
        (4, "shop", None, "group"),
    ]


@pytest.mark.parametrize(
    "tag", ['module.Web["a"].aws_instance.i[0]', "module-web-a-aws_instance-i-0", "module/Web/a/aws_instance.i.0"]
)
def test_a_tag_tells_an_address_as_far_as_the_vendor_can_spell_it(add, bill, matched, tag):
    address = 'module.Web["a"].aws_instance.i[0]'
    add(state((address, {"id": "i-1"}, {"type": "aws_instance"})), project="shop")
    bill(table(FOCUS, row(tf=tag)))
    assert matched() == [(1, "shop", address, "tag")]


def test_addresses_that_a_tag_cannot_tell_apart_match_none(add, bill, matched):
    add(state(('aws_instance.i["a"]', {"id": "i-1"}, {}), ("aws_instance.i[a]", {"id": "i-2"}, {})), project="shop")
    bill(table(FOCUS, row(tf="aws_instance.i.a")))
    assert matched() == [(1, None, None, "none")]


def test_projects_of_runs_alone_are_projects_too(add, bill, matched):
    add(result())
    bill(table(FOCUS, row(tf="aws_nat_gateway.n"), row(project="shop")))
    assert matched() == [(1, "shop", "aws_nat_gateway.n", "tag"), (2, "shop", None, "group")]


def test_the_volume_that_a_machine_boots_from_is_the_machine_s(add, bill, matched, rows):
    values = {"id": "i-1", "root_block_device": [{"volume_id": "vol-1"}], "ebs_block_device": [{"volume_id": "vol-2"}]}
    add(state(("aws_instance.a", values, {}), ("aws_ebs_volume.b", {"id": "vol-2"}, {})), project="shop")
    bill(table(FOCUS, *(row(one) for one in ("i-1", "vol-1", "vol-2"))))
    assert [found[2] for found in matched()] == ["aws_instance.a", "aws_instance.a", "aws_ebs_volume.b"]
    assert sums(rows, "matched") == sums(rows)


@pytest.fixture(scope="module")
def database():
    with connect() as found:
        macro = "macro tag_form(text)"
        found.execute(f"create {macro} as {BY_ID[macro]}")
        yield found


@given(text=st.text(max_size=20))
def test_the_form_of_a_tag_is_its_own_form(database, text):
    ((once,),) = database.execute("select tag_form(?)", [text]).fetchall()
    ((again,),) = database.execute("select tag_form(?)", [once]).fetchall()
    assert once == again
