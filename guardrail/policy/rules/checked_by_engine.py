"""Whether the engine takes all expressions of the active rules, before anything is judged: once for what they say."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from guardrail import __version__
from guardrail.cel import engine_package
from guardrail.data import cache_dir
from guardrail.policy.rules.compiled import CompiledRule

_FILE = "rules-taken-by-engine"
_KEPT = 100
"""How many sets of rules are remembered."""


def check_by_engine(rules: Iterable[CompiledRule], engine: str | None = None) -> None:
    """Compile the expressions of rules on the engine that evaluates them, unless it has taken the same ones before.

    Raises RuleError, with file and line, for one that the engine refuses.
    """
    every = list(rules)
    if not every:
        return
    file, key = cache_dir() / _FILE, _key(every, engine)
    taken = _lines(file)
    if key in taken:
        return
    for rule in every:
        rule.check_by_engine()
    _write(file, [*taken[1 - _KEPT :], key])


def _key(rules: Iterable[CompiledRule], engine: str | None) -> str:
    package = engine_package(engine)
    said = sha256(f"{__version__} {package} {version(package)}".encode())
    for one in rules:
        rule = one.rule
        conditions = [validation.expression for validation in rule.validations]
        said.update(repr((rule.params, rule.variables, rule.when, conditions)).encode())
    return said.hexdigest()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeError):
        return []


def _write(file: Path, lines: Iterable[str]) -> None:
    """Write as a whole, so that a run beside this one reads all or nothing; a cache that cannot be written is none."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{_FILE}")
        with os.fdopen(descriptor, "w", encoding="ascii") as written:
            written.write("\n".join(lines))
        Path(name).replace(file)
    except OSError:
        return
