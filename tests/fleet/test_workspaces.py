"""Which workspaces there are, what they are called, and which part of the fleet each is of."""

import io
import os

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


def test_a_list_may_have_the_marks_and_line_ends_of_other_systems_and_comments_anywhere(found, tmp_path):
    (tmp_path / "list.csv").write_bytes(
        "\ufeff# mine\r\n\r\nname,place\r\n# its plan\r\nshop,./a b/ü.json\r\n".encode()
    )
    assert [(one.name, one.place) for one in found(lists=["list.csv"])[0]] == [("shop", "a b/ü.json")]


def test_standard_input_is_a_list_as_a_file_is(found, monkeypatch):
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO("\ufeffname,place\nshop,ü.json\n".encode()), "latin-1")
    )
    assert [(one.name, one.place) for one in found(lists=["-"])[0]] == [("shop", "ü.json")]


def test_a_folder_that_is_called_as_a_column_is_a_place(found, tmp_path):
    (tmp_path / "list.txt").write_text("env\nmy name, env\n")
    assert [one.place for one in found(lists=["list.txt"])[0]] == ["env", "my name, env"]


def test_one_path_written_in_two_ways_is_one_workspace(found, tmp_path):
    (tmp_path / "list.txt").write_text("plans/a.json\n./plans//a.json\n")
    several, said = found(lists=["list.txt"])
    assert [one.name for one in several] == ["plans/a"]
    assert said == ["1 workspace named more than once: judged once"]


def test_one_plan_under_two_names_is_said_to_cost_twice_and_one_configuration_in_two_environments_is_not(
    found, tmp_path
):
    write(tmp_path, "plans/a.json", "infra/main.tf")
    (tmp_path / "plans" / "linked.json").symlink_to("a.json")
    assert found("plans")[1] == ["what has two names is judged, and costs, twice: a and linked are both plans/a.json"]
    (tmp_path / "list.csv").write_text("name,place,env\ndev,infra,dev\nprod,infra,prod\n")
    assert found(lists=["list.csv"])[1] == []


def test_what_cannot_be_read_in_a_folder_is_a_workspace_and_what_is_passed_over_is_said(found, tmp_path):
    write(tmp_path, "plans/a.json", "elsewhere/b.json")
    (tmp_path / "plans" / "lost.json").symlink_to("nowhere.json")
    (tmp_path / "plans" / "linked").symlink_to("../elsewhere")
    several, said = found("plans")
    assert [one.name for one in several] == ["a", "lost"]
    assert said == ["plans: what links to folders is not followed: 1 link: plans/linked"]


def test_a_folder_that_cannot_be_read_is_an_error(found, tmp_path, monkeypatch):
    write(tmp_path, "plans/a.json", "plans/locked/b.json")
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refusing)
    with pytest.raises(GuardrailError, match=r"plans.locked: cannot be read: Permission denied"):
        found("plans")


def test_plans_beside_root_modules_are_said_not_to_be_judged(found, tmp_path):
    write(tmp_path, "infra/shop/main.tf", text='resource "aws_eip" "a" {}\n')
    write(tmp_path, "infra/policy.json", "infra/shop/policy.json")
    assert found("infra")[1] == []
    write(tmp_path, "infra/plans/a.json", text='{"format_version":"1.2"}')
    (said,) = found("infra")[1]
    assert said.startswith(
        "infra: the root modules in it are judged, and not 1 plan or state: infra/plans/a.json (name them"
    )


def test_without_inputs_they_are_the_projects_of_the_configuration(found, tmp_path):
    write(tmp_path, "a.json")
    (tmp_path / "guardrail.yaml").write_text("version: 1\nprojects: [{name: shop, plan: a.json, env: prod}]\n")
    assert [(one.name, one.env) for one in found()[0]] == [("shop", "prod")]


def test_what_is_named_twice_counts_once_and_is_said(found, tmp_path):
    write(tmp_path, "plans/a.json")
    several, said = found("plans", "plans")
    assert len(several) == 1
    assert said == ["1 workspace named more than once: judged once"]


@pytest.mark.parametrize(
    "text, said",
    [
        ("place,name\na.json,x\nb.json,x\n", "two workspaces are called 'x': a.json and b.json"),
        ("place,env\na.json,x\na.json,y\n", "two workspaces are called 'a': a.json, with another env or usage"),
        ("place,owner\na.json,x\n", "list.csv:1: has a column 'owner'"),
        ("# mine\n\nName,Place\nx,a.json\n", "list.csv:3: has a column 'Name'"),
        ("name;place\nx;a.json\n", "list.csv:1: has a column 'name;place'"),
        ("name,env\nx,prod\n", "list.csv:1: has the columns name, env (columns are `place`, and any of"),
        ("place,place\na.json,b.json\n", "list.csv:1: has the columns place, place"),
        ("place,name\n\n# mine\na.json\n", "list.csv:4: has 1 cell, and the heading 2"),
        (f"place,name\n{'x' * 200_000},x\n", "list.csv:2: is no CSV: field larger than field limit"),
        ("a\0.json\n", "list.csv: is no text: it holds zero bytes"),
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
