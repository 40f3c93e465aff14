"""Expressions made from the adapter's own tables of operators, functions and macros, and what both engines make of them.

`python -m tests.cel.expressions 10000 1` compares the engines over that many expressions from that seed.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

from guardrail.cel import OPEN, CelError, Environment, EvaluationError
from guardrail.cel.engine.operators import OPERATORS, RESULTS, UNARY
from guardrail.cel.functions import FUNCTIONS, Function
from guardrail.cel.functions.values import elements
from guardrail.model.unknown import Unknown, not_evaluated

ENGINES = ("cpp", "python")
VALUES: dict[str, Any] = {
    "r": {
        "n": 3,
        "zero": 0,
        "float": -0.25,
        "huge": 10**400,
        "null": None,
        "yes": True,
        "no": False,
        "s": "some text",
        "digits": "42",
        "secret": "(sensitive)",
        "tags": {"team": "a", "env": Unknown("tags.env"), "owner": None},
        "map": {"x": 1, "some text": "y", "is": [1]},
        "list": ["a", Unknown("list.1"), 3, None],
        "words": ["b", "a", "some text"],
        "numbers": [2, 1, 1],
        "flags": [True, False],
        "mixed": [1, "a", True, None, [1], {"x": 1}],
        "blocks": [{"x": 1, "y": [1]}, {"x": 2, "y": []}, {"y": Unknown("blocks.2.y")}],
        "unknown": Unknown("unknown"),
        "unset": not_evaluated("unset", "variable v has no value"),
    }
}
UNKNOWN, ERRORS = "r.unknown", ("r.nope", 'get(r.s, split(r.s, "")[0], 1)')
OPERANDS = {
    "s": ("r.s", '"a"', "r.secret", "r.digits", "r.words[1]"),
    "d": ("r.n", "1.5", "r.zero", "r.float", "1e16", "r.map.x"),
    "i": ("1", "0", "-7", "9223372036854775807", "size(r.words)", "int(r.n)"),
    "u": ("2u", "0u", "18446744073709551615u"),
    "y": ('b"ab"', 'b""', "bytes(r.s)"),
    "t": ('timestamp("2026-03-29T01:30:00Z")', 'timestamp("1969-12-31T23:59:59.5Z")'),
    "r": ('duration("90m")', 'duration("-1.5s")'),
    "x": (
        'ip("10.0.0.1")',
        'cidr("10.0.0.0/8")',
        'quantity("1Gi")',
        'semver("1.2.3-a")',
        'url("https://a.b/c?d=e")',
        "format.uuid()",
    ),
    "o": ("optional.of(r.n)", "optional.none()", "r.map.?x", "r.words[?7]", "r.tags.?env"),
    "b": ("r.yes", "r.no", "true", "false", "r.flags[0]"),
    "n": ("r.null", "null", "r.tags.owner"),
    "l": ("r.words", "r.list", "r.numbers", "r.mixed", "r.blocks", "r.flags", "[]"),
    "m": ("r.map", "r.tags", "r.blocks[0]", "{}"),
}
"""Operands by kind; the first of each has the kind without the text telling so."""
_ALL = "sdbnlmiuytrx"
_DATA = "sdbnlm"
_PAIRS = [("all", "b"), ("exists", "b"), ("exists_one", "b"), ("transformList", _DATA), ("transformMap", _DATA)]


def kinds_of(way: Function) -> Iterator[tuple[str, ...]]:
    """Yield the kinds of operands that a function takes, as its table says."""
    for count in range(way.required, len(way.params) + 1):
        yield from product(*(way.param(place).replace("k", "") for place in range(count)))


def forms() -> list[tuple[str, str, str]]:  # noqa: C901 - one case a kind of form
    """Return every way to put operands together: (text with a {} for each operand, kinds of its operands, kinds that it gives)."""
    found = [
        ("({} && {})", "bb", "b"),
        ("({} || {})", "bb", "b"),
        ("has(({}).x)", "m", "b"),
        ("({}).team", "m", _DATA),
        ("({}).?team", "m", "o"),
        ("({})[?{}]", "li", "o"),
        ("type({})", "d", "k"),
        ("(type({}) == double)", "d", "b"),
        ("({}).transformMapEntry(is, at, {{string(is): {}}})", "ls", "m"),
        ("({}).sortBy(is, string(is))", "l", "l"),
        ("({}).sortBy(is, {})", "ld", "l"),
        ("({}).optMap(is, [is, {}])", "os", "o"),
        ("({}).optFlatMap(is, {})", "oo", "o"),
        ("cel.bind(is, {}, [is, {}])", "ds", "l"),
        ("dyn({})", "d", "d"),
        ("[?{}, {}]", "od", "l"),
        ('{{?"k": {}, "b": {}}}', "od", "m"),
        ("dyn({}) + {}", "di", "d"),
    ]
    for kind in _ALL:
        found += [("({} ? {} : {})", f"b{kind}{kind}", kind), ("[{}, {}]", kind * 2, "l"), ('{{"k": {}}}', kind, "m")]
    found.append(('{{{}: 1, "b": {}}}', "sd", "m"))
    for name, overloads in OPERATORS.items():
        text = "({})[{}]" if name == "[]" else f"({{}} {name} {{}})"
        for kinds in overloads:
            gives = RESULTS[name][kinds] if name in RESULTS else _DATA
            found += [(text, kinds, gives)] if set(kinds) <= set(_ALL) else []
    found.append(("({} % {})", "dd", "d"))
    for name, overloads in UNARY.items():
        found += [(f"({name}{{}})", kinds, "b" if name == "!" else kinds) for kinds in overloads]
    for (name, is_method), ways in FUNCTIONS.items():
        for way in ways if name[0] != "_" else ():
            for kinds in map("".join, kinds_of(way)):
                if is_method and not kinds:
                    continue
                rest = ", ".join(["{}"] * (len(kinds) - is_method))
                gives = way.result if way.result[0] in _ALL + "o" else _DATA if way.result == "?" else kinds[0]
                if set(kinds) <= set(_ALL) | {"o"}:
                    found.append((f"({{}}).{name}({rest})" if is_method else f"{name}({rest})", kinds, gives[0]))
    for over in "lm":
        for name, bodies in {"map": _DATA, "filter": "b", "all": "b", "exists": "b", "exists_one": "b"}.items():
            gives = "l" if name in {"map", "filter"} else "b"
            found += [(f"({{}}).{name}(is, {{}})", over + kind, gives) for kind in bodies]
        found += [("({}).map(is, {}, {})", f"{over}b{kind}", "l") for kind in _DATA]
        for name, bodies in _PAIRS:
            gives = {"transformList": "l", "transformMap": "m"}.get(name, "b")
            found += [(f"({{}}).{name}(at, is, {{}})", over + kind, gives) for kind in bodies]
        found += [(f"({{}}).{name}(at, is, {{}}, {{}})", f"{over}bs", "lm"[name[-1] == "p"]) for name, _ in _PAIRS[3:]]
    return found


class Expressions:
    """Random expressions, the same from the same seed: most of them well-typed, with values of every sort among them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - for tests
        self._forms: dict[str, list[tuple[str, str]]] = {kind: [] for kind in [*OPERANDS, "k"]}
        # An operator has one overload or thirty-six; each operator is to be as likely as any other.
        texts: dict[tuple[str, str], list[str]] = {}
        for text, kinds, gives in forms():
            for kind in gives:
                texts.setdefault((kind, text), []).append(kinds)
        self._overloads = texts
        for kind, text in texts:
            self._forms[kind].append((kind, text))

    def expression(self) -> str:
        """Return another expression."""
        return self._made(self._random.choice("sdbbbnlmiytrx"), self._random.choice((1, 2, 2, 3, 3, 4)), within=False)

    def _made(self, kind: str, depth: int, *, within: bool) -> str:
        if self._random.random() < 0.06:  # not what is wanted here
            kind = self._random.choice(list(OPERANDS))
        if depth <= 0 or self._random.random() < 0.15:
            return self._leaf(kind, within=within)
        key = self._random.choice(self._forms[kind])
        kinds = self._random.choice(self._overloads[key])
        inside = [within or ("is, " in key[1] and place > 0) for place in range(len(kinds))]
        parts = (self._made(part, depth - 1, within=inner) for part, inner in zip(kinds, inside, strict=True))
        return key[1].format(*parts)

    def _leaf(self, kind: str, *, within: bool) -> str:
        sort = self._random.random()
        if within and sort < 0.4:
            return self._random.choice(("is", "is", "is.x", "r.tags[is]"))
        if sort > 0.85:
            return self._random.choice(
                (UNKNOWN, UNKNOWN, "r.unset", "r.huge", "r.tags.env", "r.list[1]", *ERRORS, "r.null")
            )
        return self._random.choice(OPERANDS.get(kind, OPERANDS["s"]))


class Engines:
    """Both engines over the same values."""

    def __init__(self) -> None:
        self._environments = [Environment({"r": OPEN}, engine_name=name) for name in ENGINES]
        self._scopes = [environment.bind(VALUES) for environment in self._environments]

    def answers(self, expression: str) -> list[str] | None:
        """Return what each engine says, as text that tells values apart to the type; None if it is refused before any engine sees it."""
        try:
            for environment in self._environments:
                environment.compile(expression)
        except CelError:
            return None
        return [_answer(*pair, expression) for pair in zip(self._environments, self._scopes, strict=True)]


def _answer(environment: Environment, scope: Any, expression: str) -> str:
    try:
        return _shown(environment.compile(expression).evaluate(scope))
    except EvaluationError as error:
        return f"error: {error}"
    except CelError as error:
        return f"refused by the engine: {error}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_shown(value[key])}' for key in elements(value))}}}"
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list) else repr(value)


def differences(count: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Compare the engines over so many expressions. Return a line for each difference, and how many had which sort of answer.

    Of two errors in an expression the engines may name different ones: that is counted, and no difference.
    """
    engines, expressions = Engines(), Expressions(seed)
    found: list[str] = []
    sorts: Counter[str] = Counter()
    while sum(sorts.values()) < count:
        expression = expressions.expression()
        answers = engines.answers(expression)
        if answers is None:
            continue
        first = answers[0]
        sorts["error" if first.startswith("error") else "unknown" if first.startswith("Unknown") else "value"] += 1
        if len(set(answers)) > 1 and all(answer.startswith("error") for answer in answers):
            sorts["error"] -= 1
            sorts["error in other words"] += 1
        elif len(set(answers)) > 1:
            found.append(f"{expression}\n    " + "\n    ".join(map(": ".join, zip(ENGINES, answers, strict=True))))
    return found, sorts


if __name__ == "__main__":
    lines, sorts = differences(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write("\n".join([*lines[:40], f"{len(lines)} differences; {dict(sorts)}", ""]))
    sys.exit(bool(lines))
