from typing import Any

import pytest

from guardrail.cel import Environment, Look

SCHEMA: dict[str, Any] = {"resource": {"tags": {}, "after": {}}, "list": {}}
WHOLE = Look(whole=True)
LOOKS = [
    ("1 + 1", Look()),
    ("resource.after.tags == null", Look()),
    ('"team" in resource.tags', Look(frozenset({"team"}))),
    ("has(resource.tags.team)", Look(frozenset({"team"}))),
    ('resource.tags["a.b"] == ""', Look(frozenset({"a.b"}))),
    ('resource["tags"]["a.b"] == ""', Look(frozenset({"a.b"}))),
    ("resource.tags.a == resource.tags.b", Look(frozenset({"a", "b"}))),
    ('["a", "b"].all(t, t in resource.tags && resource.tags[t] != "")', Look(frozenset({"a", "b"}))),
    ('["a", "b"].filter(t, t != "a").all(t, t in resource.tags)', Look(frozenset({"a", "b"}))),
    ('{"a": ["x"], "b": []}.all(k, !(k in resource.tags))', Look(frozenset({"a", "b"}))),
    ('["a"].all(t, list.all(t, t in resource.tags))', Look(names=True)),
    ('["a", 1.0].all(t, t in resource.tags)', Look(names=True)),
    ('["a"].map(t, lower(t)).all(t, t in resource.tags)', Look(names=True)),
    ("list.all(t, t in resource.tags)", Look(names=True)),
    ("list.all(t, resource.tags[t] == '')", WHOLE),
    ("resource.tags.exists(k, lower(k) == 'team')", Look(names=True)),
    ("resource.tags.exists(k, resource.tags[k] == '')", Look(names=True, whole=True)),
    ("resource.tags.filter(k, k == resource.tags.a) == []", Look(frozenset({"a"}), names=True)),
    ("list.all(x, x == resource.tags)", WHOLE),
    ("resource.tags == {}", WHOLE),
    ("size(resource.tags) == 0", WHOLE),
    ('get(resource.tags, "a", "")', WHOLE),
    ("resource == null", WHOLE),
    ("resource[list[0]] == null", WHOLE),
    ("[resource.tags].all(m, m.team == '')", WHOLE),
    ("(true ? resource.tags : {}).team == ''", WHOLE),
    ("list[resource.tags.a] == null", Look(frozenset({"a"}))),
    ("resource.tags[resource.tags.a] == null", Look(frozenset({"a"}), whole=True)),
    ("[{'a': resource.tags.b}] == null || -number(resource.tags.c) > 1", Look(frozenset({"b", "c"}))),
]


@pytest.mark.parametrize("text, wanted", LOOKS)
def test_what_an_expression_looks_at(text, wanted):
    assert Environment(SCHEMA).compile(text).look(("resource", "tags")) == wanted


def test_a_text_looks_at_what_its_expressions_look_at():
    template = Environment(SCHEMA).template("{resource.tags.a} and {list.filter(t, t in resource.tags)}")
    assert template.look(("resource", "tags")) == Look(frozenset({"a"}), names=True)


def test_defined_names_are_looked_through():
    environment = Environment(SCHEMA)
    environment.define("variables", {"missing": '["a", "b"].filter(t, !(t in resource.tags))'})
    found = environment.compile("variables.missing.exists(t, lower(t) in resource.tags)").look(("resource", "tags"))
    assert found == Look(frozenset({"a", "b"}), names=True)
