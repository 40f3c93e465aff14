"""Damage to files: in the tree of a document, in its lines and in its bytes."""

import json
from copy import deepcopy
from random import Random
from typing import Any

_DEEP = "nested too many redirects"
STRANGE: tuple[Any, ...] = (
    _DEEP,
    *(None, True, False, 0, -1, 1.5, -0.0, 10**400, -(2**63), 2**64, 1e308, 1e-320),
    *("", " ", "0", "NaN", "-1e999", "\x00", "\ud800", "\x1b[31m", "\u202e", "é" * 300, "a" * 70_000),
    *(
        "${var.x}",
        "{resource.address}",
        "=1/0",
        "::error::x",
        "../../etc/passwd",
        "aws_instance.a[0]",
        "module.m[",
        "(" * 2_000,
    ),
    *([], {}, [[]], [None], {"": None}, {"a": {"a": {}}}, [{}] * 40),
)
TEXTS = (
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        "- ",
        "#",
        "'",
        '"',
        "=",
        "&a *a",
        "!!python/object:x {}",
        "<<: *a",
        "\t",
        "\x00",
        "\ufeff",
        "---\n",
        "%YAML 9",
    ),
    *(
        "null",
        "NaN",
        ".inf",
        "1e999",
        "0x" + "f" * 40,
        "2030-13-45",
        "(" * 300,
        "[" * 300,
        "x" * 5_000,
        "${",
        "%{ if",
        "<<EOT\n",
        "..",
        "/*",
    ),
    *(
        "true && ",
        " ? 1 : ",
        ".map(x, x)",
        "resource.after.",
        "[0]",
        "'(a+)+$'.matches('a')",
        "99999999999999999999",
        "-",
        "1/0",
    ),
)


def any_document(random: Random, document: Any, times: int) -> Any:
    """Return a copy of a JSON document in which some values are others, gone, doubled, moved or nested."""
    copy = json.loads(json.dumps(document))
    for _ in range(times):
        holder, key = _place(random, copy)
        if holder is None:
            return deepcopy(random.choice(STRANGE))
        match random.randrange(7):
            case 0 | 1 | 2:
                holder[key] = deepcopy(random.choice(STRANGE))
            case 3:
                del holder[key]
            case 4:
                other, place = _place(random, copy)
                holder[key] = json.loads(json.dumps(other[place])) if other else None
            case 5:
                for _ in range(random.choice((1, 3, 60))):
                    holder[key] = [holder[key]] if random.random() < 0.7 else {"a": holder[key]}
            case _ if isinstance(holder, dict):
                holder[str(random.choice(STRANGE))[:50]] = holder.pop(key)
            case _:
                holder.extend([holder[key]] * random.choice((1, 30)))
    return copy


def written(random: Random, document: Any) -> bytes:
    """Return a document as JSON, damaged as text too now and then."""
    text = json.dumps(document).replace(f'"{_DEEP}"', "[" * 50_000 + "]" * 50_000)
    data = text.encode("utf-8", "surrogatepass")
    return any_bytes(random, data, random.choice((1, 3))) if random.random() < 0.2 else data


def any_lines(random: Random, text: str, times: int) -> str:
    """Return a text in which some lines are gone, doubled, moved, or hold something else."""
    lines = text.splitlines(keepends=True)
    for _ in range(times):
        if not lines:
            break
        at = random.randrange(len(lines))
        match random.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, random.choice(lines))
            case 2:
                lines[at] = random.choice((" ", "  ", "\t")) + lines[at]
            case 3:
                words = lines[at].split(" ")
                words[random.randrange(len(words))] = random.choice(TEXTS)
                lines[at] = " ".join(words)
            case _:
                place = random.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + random.choice(TEXTS) + lines[at][place:]
    return "".join(lines)


def any_bytes(random: Random, data: bytes, times: int) -> bytes:
    """Return bytes of which some are others, gone or doubled."""
    changed = bytearray(data)
    for _ in range(times):
        at = random.randrange(len(changed) + 1)
        match random.randrange(5):
            case 0 | 1 if at < len(changed):
                changed[at] = random.choice((0, 0x7F, 0x80, 0xFF, random.randrange(256)))
            case 2:
                del changed[at : at + random.choice((1, 2, 16, len(changed)))]
            case 3:
                changed[at:at] = changed[at : at + random.randrange(1, 64)]
            case _:
                changed[at:at] = random.randbytes(random.randrange(1, 12))
    return bytes(changed)


def _place(random: Random, document: Any) -> tuple[Any, Any]:
    """Return a holder and a key in it, at any depth; None where the document holds nothing."""
    holder, key = None, None
    while isinstance(document, dict | list) and document and (holder is None or random.random() < 0.8):
        holder = document
        key = random.choice(list(document)) if isinstance(document, dict) else random.randrange(len(document))
        document = document[key]
    return holder, key
