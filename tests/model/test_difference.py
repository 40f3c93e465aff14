"""What differs between the sides of a resource: only that, by its place, and nothing that is sensitive."""

import pytest

from guardrail.model.difference import SENSITIVE, differing, single, substituted
from guardrail.model.resource import Action, Change, Side
from guardrail.model.unknown import Unknown


def difference(before, after, *, derived=None, unknown=None, sensitive=None, read=None):
    sides = Side(before, {}, sensitive or {}), Side(after, unknown or {}, sensitive or {}, derived)
    change = Change("aws_x.a", "aws_x", "a", Action.UPDATE, *sides)
    shown = [(leaf, leaf.shown()) for leaf in differing(change, read) if not leaf.is_default]
    return {one.path: (one.before, one.after) for _, one in shown}


@pytest.mark.parametrize(
    "before, after, told",
    [
        ({"size": 8, "type": "gp2"}, {"size": 9, "type": "gp2"}, {"size": (8, 9)}),
        ({"size": 8}, {}, {"size": (8, None)}),
        ({"name": "", "blocks": [], "map": None}, {"name": None, "blocks": None, "map": {}}, {}),
        ({"on": False}, {"on": None}, {"on": (False, None)}),
        ({"disk": [{"gb": 8, "kind": "a"}]}, {"disk": [{"gb": 9, "kind": "a"}]}, {"disk[0].gb": (8, 9)}),
        ({"disk": [{"gb": 1}, {"gb": 2}]}, {"disk": [{"gb": 2}, {"gb": 1}]}, {}),
        ({"disk": [{"gb": 1}]}, {"disk": [{"gb": 5}, {"gb": 1}]}, {"disk[0]": (None, '{"gb": 5}')}),
        ({"disk": [{"gb": 1}, {"gb": 2}]}, {"disk": [{"gb": 2}]}, {"disk[0]": ('{"gb": 1}', None)}),
        ({"zones": ["a"]}, {"zones": ["a", "b"]}, {"zones": ('["a"]', '["a", "b"]')}),
        ({"tags": {"a": "1"}, "tags_all": {"a": "1"}}, {"tags": {"a": "2"}, "tags_all": {"a": "2"}}, {"tags.a": ("1", "2")}),
        ({"tags": {}, "tags_all": {"a": "1"}}, {"tags": {}, "tags_all": {"a": "2"}}, {"tags_all.a": ("1", "2")}),
        ({"labels": {}, "effective_labels": {}}, {"labels": {"a": "1"}, "effective_labels": {"a": "1"}}, {"labels.a": (None, "1")}),
    ],
)  # fmt: skip
def test_what_differs_is_told_by_its_place(before, after, told):
    assert difference(before, after) == told


@pytest.mark.parametrize(
    "marks, told",
    [
        ({"secret": True}, {"secret": (SENSITIVE, SENSITIVE), "size": (1, 2)}),
        (True, {"secret": (SENSITIVE, SENSITIVE), "size": (SENSITIVE, SENSITIVE)}),
        ({"secret": {"key": True}}, {"secret.key": (SENSITIVE, SENSITIVE), "size": (1, 2)}),
    ],
)
def test_what_is_sensitive_is_told_to_differ_and_not_shown(marks, told):
    is_map = isinstance(marks, dict) and isinstance(marks["secret"], dict)
    was, will = ({"key": "canary-1"}, {"key": "canary-2"}) if is_map else ("canary-1", "canary-2")
    assert difference({"secret": was, "size": 1}, {"secret": will, "size": 2}, sensitive=marks) == told


def test_a_block_with_something_sensitive_in_it_shows_the_rest():
    marks = {"env": [{"password": True}]}
    before, after = {"env": [{"password": "a", "n": 1}]}, {"env": [{"password": "b", "n": 2}]}
    assert difference(before, after, sensitive=marks) == {"env[0].password": (SENSITIVE,) * 2, "env[0].n": (1, 2)}
    added = {"env": [{"password": "canary", "n": 2}]}
    assert difference({"env": [], "x": 1}, {**added, "x": 1}, sensitive=marks) == {"env[0]": (SENSITIVE,) * 2}


def test_what_is_known_after_apply_is_told_where_the_configuration_says_it():
    before, unknown = {"ami": "ami-1", "arn": "arn-1"}, {"ami": True, "arn": True}
    said = difference(before, {}, unknown=unknown, derived=frozenset({"ami"}))
    assert said == {"ami": ("ami-1", Unknown("ami", written=True))}


def test_long_values_are_cut_and_huge_numbers_told_by_their_size():
    assert len(single("x" * 100_000)) == 200
    assert single(10**5000).startswith("a number of about 4")
    assert single({"a": [1, None, {"b": Unknown("b"), "c": ""}]}) == '{"a": [1, null, {"b": "(known after apply)"}]}'


@pytest.mark.parametrize(
    "value, steps, leaf, result",
    [
        ([{"gb": 1}], (0, "gb"), 2, [{"gb": 2}]),
        ([{"gb": 1}], (1,), {"gb": 2}, [{"gb": 1}, {"gb": 2}]),
        ([{"gb": 1}, {"gb": 2}], (0,), None, [{"gb": 2}]),
        (None, ("a", "b"), 1, {"a": {"b": 1}}),
        (1, (), 2, 2),
    ],
)
def test_one_difference_is_put_into_a_value(value, steps, leaf, result):
    assert substituted(value, steps, leaf) == result
