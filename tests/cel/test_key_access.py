from typing import Any

import pytest

from guardrail.cel import Environment, KeyAccess

SCHEMA: dict[str, Any] = {"resource": {"tags": {}, "after": {}}, "list": {}}
WHOLE = KeyAccess(whole=True)
LOOKS = [
    ("1 + 1", KeyAccess()),
    ("resource.after.tags == null", KeyAccess()),
    ('"team" in resource.tags', KeyAccess(frozenset({"team"}))),
    ("has(resource.tags.team)", KeyAccess(frozenset({"team"}))),
    ('resource.tags["a.b"] == ""', KeyAccess(frozenset({"a.b"}))),
    ('resource["tags"]["a.b"] == ""', KeyAccess(frozenset({"a.b"}))),
    ("resource.tags.a == resource.tags.b", KeyAccess(frozenset({"a", "b"}))),
    ('["a", "b"].all(t, t in resource.tags && resource.tags[t] != "")', KeyAccess(frozenset({"a", "b"}))),
    ('["a", "b"].filter(t, t != "a").all(t, t in resource.tags)', KeyAccess(frozenset({"a", "b"}))),
    ('{"a": ["x"], "b": []}.all(k, !(k in resource.tags))', KeyAccess(frozenset({"a", "b"}))),
    ('["a"].all(t, list.all(t, t in resource.tags))', KeyAccess(names=True)),
    ('["a", 1.0].all(t, t in resource.tags)', KeyAccess(names=True)),
    ('["a"].map(t, lower(t)).all(t, t in resource.tags)', KeyAccess(names=True)),
    ("list.all(t, t in resource.tags)", KeyAccess(names=True)),
    ("list.all(t, resource.tags[t] == '')", WHOLE),
    ("resource.tags.exists(k, lower(k) == 'team')", KeyAccess(names=True)),
    ("resource.tags.exists(k, resource.tags[k] == '')", KeyAccess(names=True, whole=True)),
    ("resource.tags.filter(k, k == resource.tags.a) == []", KeyAccess(frozenset({"a"}), names=True)),
    ("list.all(x, x == resource.tags)", WHOLE),
    ("resource.tags == {}", WHOLE),
    ("size(resource.tags) == 0", WHOLE),
    ('get(resource.tags, "a", "")', KeyAccess(frozenset({"a"}))),
    ('get(resource.tags, "a.b", resource.tags.c)', KeyAccess(frozenset({"a", "c"}))),
    ('get(resource.tags, lower("a"), "")', WHOLE),
    ('get(resource.after, resource.tags.a, "")', KeyAccess(frozenset({"a"}))),
    ('get(resource, "tags.a", "")', WHOLE),
    ('get(resource.tags, "0.a", "")', WHOLE),  # of a list, its first element
    ('["a", "b"].all(t, ("x." + t) in resource.tags)', KeyAccess(frozenset({"x.a", "x.b"}))),
    ('["a"].all(t, resource.tags[t + "." + lower(t)] == "")', WHOLE),
    ("resource == null", WHOLE),
    ("resource[list[0]] == null", WHOLE),
    ("[resource.tags].all(m, m.team == '')", WHOLE),
    ("(true ? resource.tags : {}).team == ''", WHOLE),
    ("list[resource.tags.a] == null", KeyAccess(frozenset({"a"}))),
    ("resource.tags[resource.tags.a] == null", KeyAccess(frozenset({"a"}), whole=True)),
    ("[{'a': resource.tags.b}] == null || -number(resource.tags.c) > 1", KeyAccess(frozenset({"b", "c"}))),
]


@pytest.mark.parametrize("text, wanted", LOOKS)
def test_what_an_expression_looks_at(text, wanted):
    assert Environment(SCHEMA).compile(text).key_access(("resource", "tags")) == wanted


def test_a_text_looks_at_what_its_expressions_look_at():
    template = Environment(SCHEMA).template("{resource.tags.a} and {list.filter(t, t in resource.tags)}")
    assert template.key_access(("resource", "tags")) == KeyAccess(frozenset({"a"}), names=True)


def test_defined_names_are_looked_through():
    environment = Environment(SCHEMA)
    environment.define("variables", {"missing": '["a", "b"].filter(t, !(t in resource.tags))'})
    found = environment.compile("variables.missing.exists(t, lower(t) in resource.tags)").key_access(
        ("resource", "tags")
    )
    assert found == KeyAccess(frozenset({"a", "b"}), names=True)
