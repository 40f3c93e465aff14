"""Which parts of the elements of lists an expression uses."""

import pytest

from guardrail.cel.analysis.value_paths import value_paths
from guardrail.cel.expression.syntax import parse

PATHS = {
    "a.b": {"a.b"},
    "a.list.map(e, e.x)": {"a.list.", "a.list.x"},
    "a.list.filter(e, e.x == 1).all(e, e.y.z > 2)": {"a.list.", "a.list.x", "a.list.y.z"},
    "size(a.list)": {"a.list."},
    "a.list.size() + a.list.filter(e, e.x == 1).size()": {"a.list.", "a.list.x"},
    "a.list[0].x": {"a.list.x"},
    "a.list.filter(e, e.k)[0].x": {"a.list.k", "a.list.x"},
    "a.list.first().x": {"a.list.x"},
    "a.list": {"a.list"},
    "[a.list]": {"a.list"},
    "a.list.exists(e, e == a.b)": {"a.list.", "a.list", "a.b"},
    "a.list.sortBy(e, e.x)[0]": {"a.list", "a.list.x"},
    "a.list.all(i, e, e.x)": {"a.list"},
    "a.map[a.key].x": {"a.map", "a.key"},
    'a.map["key"].x': {"a.map.key.x"},
    'get(a.list, "0.x.1.y", a.other)': {"a.list.x.y", "a.other"},
    "cel.bind(l, a.list, l.size() > 1 && l.exists(e, e.x))": {"a.list.", "a.list.x"},
    "a.list.exists(e, e.list.exists(f, f.y == e.x))": {"a.list.", "a.list.list.", "a.list.list.y", "a.list.x"},
    "has(a.list[0].x)": {"a.list.x"},
    '"k" in a.map && true ? a.x : [a.y][0]': {"a.map", "a.x", "a.y"},
}


@pytest.mark.parametrize("text", PATHS)
def test_what_of_an_element_is_used(text):
    assert {".".join(path) for path in value_paths(parse(text))} == PATHS[text]
