"""CEL's conformance suite on both engines: `python benchmarks/cel_conformance.py CHECKOUT` of https://github.com/google/cel-spec.

Prints a table: tests that are run, passed, and of these passed "vacuously", where the suite expects an error and the
expression was refused for another reason than the one that is tested. Left out are tests of protocol buffer messages, which
guardrail does not have. `--failures` lists what is not passed.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from guardrail.cel import OPEN, CelError, Environment, EvaluationError
from guardrail.cel.expression.tree import UInt

CORE = (
    *("basic", "comparisons", "conversions", "dynamic", "fields", "fp_math", "integer_math", "lists", "logic"),
    *("macros", "namespace", "parse", "plumbing", "string", "timestamps", "type_deduction"),
)
EXTENSIONS = (
    *("bindings_ext", "block_ext", "encoders_ext", "macros2", "math_ext", "network_ext", "optionals", "string_ext"),
)
ENGINES = ("cpp", "python")
_TOKEN = re.compile(
    r"""\s+ | \#[^\n]* | (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' ) | (?P<word> [\w.+-]+ ) | (?P<type> \[[^\]]*\] )
    | (?P<mark> [{}:,<>] )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_MESSAGES = re.compile(
    r"cel\.expr\.conformance|TestAllTypes|object_value|google\.protobuf\.(?!Timestamp|Duration)|enum_value"
)

Message = dict[str, list[Any]]


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield the tokens of a text in protobuf's text format."""
    for found in _TOKEN.finditer(text):
        if found.lastgroup:
            yield found.lastgroup, found[found.lastgroup]
    yield "end", ""


def message(stream: list[tuple[str, str]]) -> Message:
    """Return a message: field -> values. Takes what it reads from the end of the stream."""
    fields: Message = {}
    while stream[-1][1] not in {"}", ">", ""}:
        _, name = stream.pop()
        if stream[-1][1] == ":":
            stream.pop()
        if stream[-1][1] in {"{", "<"}:
            stream.pop()
            value: Any = message(stream)
            stream.pop()
        elif stream[-1][0] == "string":
            value = b""
            while stream[-1][0] == "string":
                value += unescaped(stream.pop()[1][1:-1])
        else:
            value = stream.pop()[1]
        if stream[-1][1] == ",":
            stream.pop()
        fields.setdefault(name, []).append(value)
    return fields


def unescaped(text: str) -> bytes:
    """Return the bytes that a string in text format spells."""
    plain = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
    pieces, at = b"", 0
    for found in _ESCAPE.finditer(text):
        x, octal, u, big, other = found.groups()
        byte = bytes([int(x, 16)]) if x else bytes([int(octal, 8)]) if octal else None
        code = chr(int(u or big, 16)) if u or big else plain.get(other, other)
        pieces, at = pieces + text[at : found.start()].encode() + (byte or (code or "\0").encode()), found.end()
    return pieces + text[at:].encode()


def value_of(value: Message) -> Any:  # noqa: C901 - one case a kind of value
    """Return a value of the suite as a Python value."""
    found: Any
    ((kind, (found, *_)),) = value.items() if value else (("null_value", ["NULL_VALUE"]),)
    match kind:
        case "null_value":
            return None
        case "bool_value":
            return found == "true"
        case "int64_value":
            return int(found, 0)
        case "uint64_value":
            return UInt(int(found, 0))
        case "double_value":
            return float(found)
        case "string_value":
            return found.decode()
        case "bytes_value":
            return found
        case "list_value":
            return [value_of(one) for one in found.get("values", [])]
        case "map_value":
            entries = found.get("entries", [])
            return {value_of(one["key"][0]): value_of(one["value"][0]) for one in entries}
        case "type_value":
            return found.decode()
    raise ValueError(kind)


def equal(expected: Any, got: Any) -> bool:
    """Say whether a result is the expected one, of the expected type; engines hand back an unsigned int as an int."""
    if isinstance(expected, list):
        return isinstance(got, list) and len(expected) == len(got) and all(map(equal, expected, got))
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(equal(expected[k], got[k]) for k in expected)
        )
    if isinstance(expected, float):
        return isinstance(got, float) and (expected == got or (math.isnan(expected) and math.isnan(got)))
    if isinstance(expected, bytes):
        return isinstance(got, bytes | bytearray) and expected == got
    if isinstance(expected, bool) or expected is None:
        return expected is got
    if isinstance(expected, int):
        return type(got) in {int, UInt} and expected == got
    return type(expected) is type(got) and expected == got


PRIMITIVES = {"INT64": "i", "UINT64": "u", "DOUBLE": "d", "STRING": "s", "BOOL": "b", "BYTES": "y"}


def declared(test: Message) -> dict[str, str]:
    """Return the types that a test declares for its variables, as the adapter writes them."""
    found = {}
    for one in test.get("type_env", []):
        name = one["name"][0].decode()
        type_ = one.get("ident", [{}])[0].get("type", [{}])[0]
        found[name] = (
            PRIMITIVES.get(type_["primitive"][0], "?")
            if "primitive" in type_
            else "l?"
            if "list_type" in type_
            else "m?"
            if "map_type" in type_
            else "?"
        )
    return found


def run(test: Message, engine: str) -> str:
    """Return how a test ends: passed, vacuous, or what is wrong."""
    expression = test["expr"][0].decode()
    bindings = {one["key"][0].decode(): value_of(one["value"][0]["value"][0]) for one in test.get("bindings", [])}
    names = {**dict.fromkeys(bindings, OPEN), **dict.fromkeys(declared(test), OPEN)}
    environment = Environment(names, engine_name=engine, declared={**dict.fromkeys(bindings, "?"), **declared(test)})
    if "type_value" in test.get("value", [{}])[0]:
        expression = f"string({expression})"
    try:
        program = environment.compile(expression)
        got = program.evaluate(environment.bind(bindings))
    except CelError as error:
        if "eval_error" not in test:
            return f"refused: {error.message}"
        return "vacuous" if error.message.startswith(("no such", "unexpected", "expected")) else "passed"
    except EvaluationError as error:
        return "passed" if "eval_error" in test else f"error: {error}"
    if "eval_error" in test:
        return f"expected an error, got {got!r}"
    expected = (
        value_of(test["value"][0])
        if "value" in test
        else value_of(test["typed_result"][0]["result"][0])
        if "typed_result" in test
        else True
    )
    return "passed" if equal(expected, got) else f"expected {expected!r}, got {got!r}"


def tests(file: Path) -> Iterator[tuple[str, Message]]:
    """Yield the tests of a file that are run, with their names."""
    whole = message(list(tokens(file.read_text(encoding="utf-8")))[::-1])
    for section in whole.get("section", []):
        for test in section.get("test", []):
            if "check_only" in test or _MESSAGES.search(str(test)) or "expr" not in test:
                continue
            yield f"{file.stem} {section['name'][0].decode()} {test['name'][0].decode()}", test


def main() -> None:
    """Run the suite and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--failures", action="store_true")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    given = parser.parse_args()
    engines = given.engine or ENGINES
    folder = given.checkout / "tests" / "simple" / "testdata"
    failures = []
    print(
        f"| file | run |{''.join(f' {engine} | vacuous |' for engine in engines)}\n|---|---:|{'---:|---:|' * len(engines)}"
    )
    for group, names in (("core", CORE), ("extensions", EXTENSIONS)):
        total: Counter[tuple[str, str]] = Counter()
        for name in names:
            counts: Counter[tuple[str, str]] = Counter()
            for title, test in tests(folder / f"{name}.textproto"):
                counts["", "run"] += 1
                for engine in engines:
                    ended = run(test, engine)
                    counts[engine, ended if ended in {"passed", "vacuous"} else "failed"] += 1
                    if ended not in {"passed", "vacuous"}:
                        failures.append(f"{engine} {title}: {test['expr'][0].decode()!r}: {ended}")
            total += counts
            print(_row(name, counts, engines))
        print(_row(f"**{group}**", total, engines))
    if given.failures:
        print(*failures, sep="\n")


def _row(name: str, counts: Counter[tuple[str, str]], engines: Any) -> str:
    cells = "".join(f" {counts[engine, 'passed']} | {counts[engine, 'vacuous']} |" for engine in engines)
    return f"| {name} | {counts['', 'run']} |{cells}"


if __name__ == "__main__":
    main()
