"""The active rules, compiled, and checked before anything is judged: once for what they say."""

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
from guardrail.policy.rules.compiled import CompiledRule, compile_rule
from guardrail.policy.rules.resource_types import ResourceTypes
from guardrail.policy.rules.rule import RuleFile

_FILE = "rules-checked"
_CHECKED = ("scope", "match", "params", "variables", "when", "validations", "edits")
"""What of a rule the checks depend on."""
_KEPT = 100
"""How many sets of rules are remembered."""


def compile_checked(rules: Iterable[RuleFile], types: ResourceTypes, engine: str | None = None) -> list[CompiledRule]:
    """Compile rules, checked against the types and by the engine that evaluates them; what has been checked before is not again.

    Rules are known by all that they say, beside the versions of guardrail and of the engine and the types. Raises RuleError, with
    file and line, for a rule that does not fit the types, or that the engine refuses.
    """
    every = list(rules)
    if not every:
        return []
    file, key = cache_dir() / _FILE, _key(every, types, engine)
    checked = _lines(file)
    if key in checked:
        return [compile_rule(rule, engine=engine) for rule in every]
    compiled = [compile_rule(rule, engine=engine, types=types) for rule in every]
    for rule in compiled:
        rule.check_by_engine()
    _write(file, [*checked[1 - _KEPT :], key])
    return compiled


def _key(rules: Iterable[RuleFile], types: ResourceTypes, engine: str | None) -> str:
    package = engine_package(engine)
    content = sha256(f"{__version__} {package} {version(package)} {types.version}".encode())
    content.update(repr(sorted(types.defined)).encode())
    for source in rules:
        rule = source.rule
        content.update(repr([(name, getattr(rule, name)) for name in _CHECKED]).encode())
    return content.hexdigest()


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
