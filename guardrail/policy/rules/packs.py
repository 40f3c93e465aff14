"""Which rules play: shipped packs, a project's own folders, and what the configuration sets anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from guardrail.errors import ConfigError, GuardrailError, RuleError, did_you_mean
from guardrail.files.checked import Section
from guardrail.files.yaml_file import Place, read_yaml
from guardrail.model.finding import Enforcement, OnUnknown, Severity
from guardrail.model.unknown import Json
from guardrail.policy.rules.compiled import CompiledRule, compile_rule
from guardrail.policy.rules.rule import RuleFile, examine_rule, read_rule

_SUFFIXES = {".yaml", ".yml"}


class RuleSetting(Section):
    """What the configuration sets anew for one rule. What is left out stays as the rule's file has it."""

    enabled: bool = True
    enforcement: Enforcement | None = None
    severity: Severity | None = None
    on_unknown: OnUnknown | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class RuleSelection(Section):
    """Which rules play."""

    packs: tuple[str, ...] = ()
    """shipped packs"""
    paths: tuple[str, ...] = ()
    """folders (or files) of the project's own rules"""
    set: dict[str, RuleSetting] = Field(default_factory=dict)
    """by rule id"""


def load_rules(
    selection: RuleSelection,
    shipped: Path,
    *,
    base: Path = Path(),
    types: Collection[str] = (),
    where: str = "",
    engine: str | None = None,
) -> tuple[CompiledRule, ...]:
    """Return the rules that play, compiled, in the order of their ids.

    shipped   the folder of packs
    base      what `paths` are relative to
    types     all resource types known, to tell a typo; none: not checked
    where     the configuration, for its errors
    Raises RuleError for a rule that cannot be loaded, ConfigError for a selection that does not fit.
    """
    chosen, faults = choose(selection, shipped, base=base, types=types, where=lambda _: where)
    if faults:
        raise faults[0]
    return tuple(sorted((compile_rule(rule, engine=engine) for rule in chosen), key=lambda rule: rule.rule.id))


def choose(
    selection: RuleSelection,
    shipped: Path,
    *,
    base: Path = Path(),
    types: Collection[str] = (),
    where: Callable[[Place], str],
) -> tuple[list[RuleFile], list[GuardrailError]]:
    """Return the rules that play, as they are set, and everything that keeps others from it.

    `where` gives the place in the configuration that keys below `rules` lead to; the rest is as for `load_rules`.
    """
    files: list[RuleFile] = []
    faults: list[GuardrailError] = []
    for number, pack in enumerate(selection.packs):
        with _noted(faults):
            files += read_pack(pack, shipped, where=where(("packs", number)))
    for number, path in enumerate(selection.paths):
        with _noted(faults):
            for file in _in_folder(base / path, where(("paths", number))):
                rule, wrong = _examined(file, types)
                files += [rule] if rule else []
                faults += wrong
    by_id: dict[str, RuleFile] = {}
    for rule in files:
        with _noted(faults):
            _add(by_id, rule)
    unread = len(faults)
    for rule_id, setting in selection.set.items():
        with _noted(faults):
            if rule_id in by_id and setting.enabled:
                by_id[rule_id] = settle(by_id[rule_id], setting, where(("set", rule_id)))
            elif rule_id not in by_id and not unread:  # else it may be one of those
                fix = did_you_mean(rule_id, by_id) or _elsewhere(rule_id, shipped)
                raise ConfigError(f"rules.set: no rule is called {rule_id}", where=where(("set", rule_id)), fix=fix)
    return [rule for rule_id, rule in by_id.items() if selection.set.get(rule_id, RuleSetting()).enabled], faults


@contextmanager
def _noted(faults: list[GuardrailError]) -> Iterator[None]:
    try:
        yield
    except GuardrailError as error:
        faults.append(error)


def _examined(path: Path, types: Collection[str]) -> tuple[RuleFile | None, list[GuardrailError]]:
    try:
        return examine_rule(read_yaml(path, RuleError), types=types)
    except RuleError as error:
        return None, [error]


def packs(shipped: Path) -> tuple[str, ...]:
    """Return the names of the shipped packs."""
    return tuple(sorted(folder.name for folder in shipped.iterdir() if folder.is_dir() and _rule_files(folder)))


def read_pack(name: str, shipped: Path, *, where: str = "") -> list[RuleFile]:
    """Read the rules of one shipped pack. Raises ConfigError if there is none of that name."""
    known = packs(shipped)
    if name not in known:
        fix = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise ConfigError(f"rules.packs: no pack is called {name}", where=where, fix=fix)
    return [_shipped_rule(path, name) for path in _rule_files(shipped / name)]


@cache
def _shipped_rule(path: Path, pack: str) -> RuleFile:
    """Read a rule that does not change while a process runs."""
    return read_rule(path, pack=pack)


def read_folder(path: Path, *, types: Collection[str] = (), where: str = "") -> list[RuleFile]:
    """Read the rules of a folder and those below it, or of one file. Raises ConfigError if there are none."""
    return [read_rule(file, types=types) for file in _in_folder(path, where)]


def _in_folder(path: Path, where: str) -> list[Path]:
    if not path.exists():
        raise ConfigError(
            f"rules.paths: {path} does not exist", where=where, fix="paths are relative to guardrail.yaml"
        )
    files = [path] if path.is_file() else _rule_files(path)
    if not files:
        raise ConfigError(f"rules.paths: {path} holds no rules", where=where, fix="rules are files called *.yaml")
    return files


def settle(rule: RuleFile, setting: RuleSetting, where: str = "") -> RuleFile:
    """Return the rule as the configuration wants it. Raises ConfigError for a parameter that does not fit."""
    changes: dict[str, Any] = {
        name: value
        for name in ("enforcement", "severity", "on_unknown")
        if (value := getattr(setting, name)) is not None
    }
    return with_params(rule.changed(**changes), setting.params, where)


def with_params(rule: RuleFile, params: Mapping[str, Json], where: str = "") -> RuleFile:
    """Return the rule with other values of its parameters. Raises ConfigError for one that does not fit."""
    defaults = rule.rule.params
    for name, value in params.items():
        at = f"rules.set.{rule.rule.id}.params.{name}"
        if name not in defaults:
            fix = did_you_mean(name, defaults) or (f"it has {', '.join(defaults)}" if defaults else "it has none")
            raise ConfigError(f"{at}: the rule has no such parameter", where=where, fix=fix)
        if problem := _misfit(value, defaults[name]):
            raise ConfigError(f"{at}: {problem}", where=where, fix=f"the default is {defaults[name]!r}")
    return rule.changed(params={**defaults, **params}) if params else rule


def _misfit(value: Json, default: Json) -> str:
    """Say how a value differs in type from the default that it replaces; null as a default takes anything."""
    if default is None or value is None:
        return ""
    wanted, given = _kind(default), _kind(value)
    if wanted != given:
        return f"expected {wanted}, not {given}"
    if isinstance(default, list) and default:
        odd = {_kind(item) for item in value} - {_kind(item) for item in default}
        return f"expected a list of {_kind(default[0])} each, not {min(odd)}" if odd else ""
    return ""


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "a map" if isinstance(value, dict) else "nothing"


def _add(by_id: dict[str, RuleFile], rule: RuleFile) -> None:
    first = by_id.setdefault(rule.rule.id, rule)
    if first is not rule and first.file.name != rule.file.name:
        where = rule.file.where(("id",))
        raise RuleError(f"id {rule.rule.id!r} is taken by {first.file.name}", where=where, fix="choose another id")


def _rule_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


def _elsewhere(rule_id: str, shipped: Path) -> str:
    """Return a hint where a rule that is not chosen can be found."""
    found = [pack for pack in packs(shipped) for path in _rule_files(shipped / pack) if path.stem == rule_id]
    return f"it is in the pack {found[0]}: add that to rules.packs" if found else ""
