"""Which workspaces there are, what they are called, and which part of the fleet each is of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.config import Flags, settings
from guardrail.errors import GuardrailError
from guardrail.fleet.run import part
from guardrail.fleet.workspaces import Shard, name_of, workspaces


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*inputs, lists=()):
        chosen = settings(Flags(("-",), allow_no_plans=True), tmp_path)
        return workspaces(inputs, lists, chosen)

    return call


def write(top, *names, text="{}"):
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)


@pytest.mark.parametrize(
    "place, name",
    [
        ("plans/shop/plan.json", "plans/shop"),
        ("plans/shop/tfplan.json", "plans/shop"),
        ("plans/shop.json", "plans/shop"),
        ("plans/v1.2.json", "plans/v1.2"),
        ("infra/shop", "infra/shop"),
        ("plan.json", "plan"),
    ],
)
def test_a_workspace_is_called_by_its_place(place, name):
    assert name_of(place) == name


def test_a_folder_is_its_plans_by_their_place_below_it(found, tmp_path):
    write(tmp_path, "plans/a/plan.json", "plans/b.json", "plans/c.tfplan", "plans/.git/x.json", "plans/notes.txt")
    assert [one.name for one in found("plans")[0]] == ["a", "b", "c"]


def test_a_folder_with_root_modules_is_these(found, tmp_path):
    write(tmp_path, "infra/shop/main.tf", "infra/blog/main.tf", text='resource "aws_eip" "a" {}\n')
    write(tmp_path, "infra/shop/policy.json")
    assert [(one.name, one.place) for one in found("infra")[0]] == [("blog", "infra/blog"), ("shop", "infra/shop")]


def test_a_glob_and_a_list_name_places_as_they_are(found, tmp_path):
    write(tmp_path, "plans/b.json", "plans/a.json")
    (tmp_path / "list.txt").write_text("# mine\nplans/b.json\n\n")
    assert [one.name for one in found("plans/*.json")[0]] == ["plans/a", "plans/b"]
    assert [one.name for one in found(lists=["list.txt"])[0]] == ["plans/b"]


def test_a_list_with_columns_says_name_environment_and_usage(found, tmp_path):
    (tmp_path / "list.csv").write_text("place,name,env,usage\ns3://b/x.json,shop,prod,usage.yml\nplans/y.json,,,\n")
    shop, other = sorted(found(lists=["list.csv"])[0], key=lambda one: one.name, reverse=True)
    assert (shop.name, shop.place, shop.env, shop.usage) == ("shop", "s3://b/x.json", "prod", "usage.yml")
    assert (other.name, other.env) == ("plans/y", "")


def test_without_inputs_they_are_the_projects_of_the_configuration(found, tmp_path):
    write(tmp_path, "a.json")
    (tmp_path / "guardrail.yaml").write_text("version: 1\nprojects: [{name: shop, plan: a.json, env: prod}]\n")
    assert [(one.name, one.env) for one in found()[0]] == [("shop", "prod")]


def test_what_is_named_twice_counts_once_and_is_said(found, tmp_path):
    write(tmp_path, "plans/a.json")
    several, said = found("plans", "plans")
    assert len(several) == 1
    assert said == ["1 workspaces are named more than once, and judged once"]


@pytest.mark.parametrize(
    "text, said",
    [
        ("place,name\na.json,x\nb.json,x\n", "two workspaces are called 'x': a.json and b.json"),
        ("place,owner\na.json,x\n", "list.csv: has a column 'owner'"),
        ("place,name\na.json\n", "list.csv:2: has 1 cells, and the heading 2"),
        ("place,name\n,x\n", "list.csv:2: names no place"),
        ("", "list.csv: no workspace in it"),
        ("place,name\n", "list.csv: no workspace in it"),
        ("\udcff", "list.csv: is no text in UTF-8"),
    ],
)
def test_a_list_that_is_wrong_is_told_in_one_line(found, tmp_path, text, said):
    (tmp_path / "list.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(GuardrailError) as caught:
        found(lists=["list.csv"])
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("inputs, lists", [(["nowhere"], []), ([], ["nowhere.txt"]), ([], [])])
def test_what_is_not_there_is_an_error(found, inputs, lists):
    with pytest.raises(GuardrailError):
        found(*inputs, lists=lists)


@given(st.text(), st.integers(1, 50))
def test_every_workspace_is_of_exactly_one_part(name, of):
    assert sum(Shard(number, of).has(name) for number in range(1, of + 1)) == 1


def test_parts_are_the_same_in_every_release():
    assert [next(n for n in range(1, 17) if Shard(n, 16).has(name)) for name in ("shop", "größe/ünïcode")] == [14, 13]


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4", "1/4/2", "1/999999999", ""])
def test_a_part_that_is_none_is_refused(text):
    with pytest.raises(GuardrailError, match="is no part like 3/16"):
        part(text)
