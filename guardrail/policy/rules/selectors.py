"""Where a rule applies by what may be unknown: repository, workspace, module, provider alias, tags, as a condition in CEL.

They are part of `when`, so that a rule of which it is not known whether it applies gives neither a failure nor a pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from guardrail.policy.rules.literal import literal

SELECTORS: Mapping[str, str] = {
    "repositories": "project.repository",
    "workspaces": "plan.workspace",
    "modules": "resource.module",
    "module_sources": "resource.module_source",
    "provider_aliases": "resource.provider_alias",
}
"""Key of `match` -> the variable that its globs are compared with."""
OF_PLAN = frozenset({"repositories", "workspaces"})
"""Those that a rule about a whole plan can have."""


def condition(globs: Mapping[str, Sequence[str]], tags: Mapping[str, Sequence[str]], when: str | None) -> str | None:
    """Return what has to be true for a rule to apply: its own `when`, and what its match asks of these; None for nothing."""
    parts = [*_parts(globs), *(_tag(key, values) for key, values in tags.items())]
    if not parts:
        return when
    return " && ".join([*([f"({when})"] if when else []), *parts])


def _parts(globs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, variable in SELECTORS.items():
        if globs.get(name):
            yield f"{variable}.matches({_pattern(globs[name])})"


def _tag(key: str, globs: Iterable[str]) -> str:
    tag = f"resource.tags[{literal(key)}]"
    return f"({tag} != null && {tag}.matches({_pattern(globs)}))"


def _pattern(globs: Iterable[str]) -> str:
    """Return globs as one regular expression for the whole text, as a literal of CEL."""
    texts = ("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob) for glob in globs)
    return literal(f"(?s)^(?:{'|'.join(texts)})$")
