"""Which rules play: shipped packs, fetched ones, a project's own folders, and what each sets anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cache, partial
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.errors import ConfigError, GuardrailError, RuleError, did_you_mean
from guardrail.files.checked import examined
from guardrail.files.yaml_file import Place, YamlFile, read_yaml
from guardrail.policy.rules.checked import compile_checked
from guardrail.policy.rules.compiled import CompiledRule
from guardrail.policy.rules.packs.final import FINAL_FIX, final_faults, is_final, joined, loosened
from guardrail.policy.rules.packs.lock import FETCHED, is_within, rule_files, verified
from guardrail.policy.rules.packs.param_files import with_files
from guardrail.policy.rules.packs.selection import PACK_FILE, Final, PackFile, PackSource, RuleSelection, RuleSetting
from guardrail.policy.rules.packs.settling import settle
from guardrail.policy.rules.resource_types import NO_TYPES, ResourceTypes
from guardrail.policy.rules.rule import RuleFile, examine_rule, read_rule

NOTHING_SET: Mapping[str, RuleSetting] = {}


class LoadedRules(Struct, frozen=True):
    """The active rules, in the order of their ids, and what of packs was loosened, a line each."""

    rules: tuple[CompiledRule, ...]
    loosened: tuple[str, ...] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """The hash of each rule, by id, whatever the day."""
        return {rule.rule.id: rule.source.sha256 for rule in self.rules}

    def on(self, today: date) -> LoadedRules:
        """Return the rules as they are enforced on a day."""
        return replace(self, rules=tuple(replace(rule, source=rule.source.on(today)) for rule in self.rules))


class Chosen(Struct):
    """The active rules as they are set, everything that keeps others from being active, and what of packs was loosened."""

    rules: list[RuleFile] = field(default_factory=list)
    faults: list[GuardrailError] = field(default_factory=list)
    loosened: list[str] = field(default_factory=list)

    @contextmanager
    def noted(self, where: Callable[[], str] = str) -> Iterator[None]:
        """Collect what is raised. What says no place is at `where`, which is looked up only then: for that a file is parsed."""
        try:
            yield
        except GuardrailError as error:
            self.faults.append(error if error.where else type(error)(error.what, where=where(), fix=error.fix))


class RulePack(Struct, frozen=True):
    """A pack that is none of the shipped ones: its rules, and what its pack.yaml says (`file` for the lines)."""

    name: str
    rules: list[RuleFile]
    content: PackFile
    file: YamlFile


def load_rules(  # noqa: PLR0913 - places and choices, named at the call
    selection: RuleSelection,
    shipped: Path,
    *,
    on_unpriced: Mapping[str, RuleSetting] = NOTHING_SET,
    base: Path = Path(),
    top: Path | None = None,
    types: ResourceTypes = NO_TYPES,
    where: Callable[[Place], str] = lambda _: "",
    engine: str | None = None,
) -> LoadedRules:
    """Return the active rules, compiled.

    shipped   the folder of packs
    on_unpriced  what `pricing.on_unpriced` sets, of a rule that need not play
    base      what `paths` and `folder` are relative to, and where guardrail.lock lies
    top       the repository: folders in it are read where they lie; default: base
    types     the resource types that are known and their attributes; none: not checked
    where     gives the place in the configuration that keys below `rules` lead to
    Raises RuleError for a rule that cannot be loaded, ConfigError for a selection that does not fit.
    """
    chosen = choose(selection, shipped, on_unpriced=on_unpriced, base=base, top=top, types=types, where=where)
    if chosen.faults:
        raise chosen.faults[0]
    rules = sorted(compile_checked(chosen.rules, types, engine), key=lambda rule: rule.rule.id)
    return LoadedRules(tuple(rules), tuple(chosen.loosened))


def choose(
    selection: RuleSelection,
    shipped: Path,
    *,
    on_unpriced: Mapping[str, RuleSetting] = NOTHING_SET,
    base: Path = Path(),
    top: Path | None = None,
    types: ResourceTypes = NO_TYPES,
    where: Callable[[Place], str],
) -> Chosen:
    """Return the active rules, as they are set, and everything that keeps others from being active; see `load_rules`.

    Packs are set in their order, then what the configuration sets: none loosens what one before it calls final.
    """
    result, files, fetched = Chosen(), [], []
    for name, source in selection.sources.items():
        with result.noted():
            place = where(("sources", name))
            pack, wrong = _fetched_pack(name, source, shipped, base=base, top=top or base, types=types, where=place)
            fetched.append(pack)
            files += pack.rules
            result.faults += wrong
    for number, name in enumerate(selection.packs):
        with result.noted(partial(where, ("packs", number))):
            if name in selection.sources:
                what = f"rules.packs: {name} is already active through rules.sources"
                raise ConfigError(what, fix="rules.packs names shipped packs only")
            files += read_pack(name, shipped)
    for number, path in enumerate(selection.paths):
        with result.noted(partial(where, ("paths", number))):
            for file in _in_folder(base / path):
                rule, wrong = _examined(file, types)
                files += [rule] if rule else []
                result.faults += wrong
    by_id: dict[str, RuleFile] = {}
    for rule in files:
        with result.noted():
            _add(by_id, rule)
    layers = _Layers(by_id, shipped, result)
    # Packs set what is theirs before the repository does, so that the repository meets what is final.
    for pack in fetched:
        layers.set_pack(pack)
    layers.note_final()
    read: dict[str, RuleSetting] = {}
    for rule_id, setting in selection.set.items():
        with result.noted(partial(where, ("set", rule_id, "params_from"))):
            read[rule_id] = with_files(setting, base)
    layers.set_all(read, where)
    there = {rule_id: setting for rule_id, setting in on_unpriced.items() if rule_id in by_id}
    layers.set_all(there, lambda _: where(()), prefix="pricing.on_unpriced")
    result.rules = layers.playing()
    return result


class _Layers:
    """Rules by id, while one after the other sets them anew."""

    def __init__(self, by_id: dict[str, RuleFile], shipped: Path, result: Chosen) -> None:
        self.by_id, self.shipped, self.result = by_id, shipped, result
        self.final: dict[str, Final] = {}
        self.owner: dict[str, str] = {}  # the pack that brings a rule, to say whose rule is loosened
        self.off: set[str] = set()
        self.is_complete = not result.faults  # else a rule that is not there may be one that cannot be read

    def set_pack(self, pack: RulePack) -> None:
        """Set what a pack sets, then note what of its rules is final."""
        content, ids = pack.content, [rule.rule.id for rule in pack.rules]
        self.set_all({name: one for name, one in content.set.items() if name in ids}, pack.file.where, prefix="set")
        for name in sorted(content.set.keys() - ids if self.is_complete else ()):
            what = f"set: no rule of the pack {pack.name} is called {name}"
            fix = (
                did_you_mean(name, ids)
                or "a pack sets its own rules, and those of shipped packs that it names in `packs`"
            )
            self.result.faults.append(ConfigError(what, where=pack.file.where(("set", name)), fix=fix))
        for rule_id in (one for one in ids if one in self.by_id):
            rule = self.by_id[rule_id].rule
            setting = content.set.get(rule_id)
            for what in final_faults(setting.final, rule.params) if setting else ():
                place = pack.file.where(("set", rule_id, "final"))
                self.result.faults.append(ConfigError(f"final: {what}", where=place, fix=FINAL_FIX))
            final = joined(content.final, setting.final if setting else False)
            self.final[rule_id] = joined(self.final.get(rule_id, False), joined(rule.final, final))
            self.owner.setdefault(rule_id, pack.name)

    def note_final(self) -> None:
        """Note what of rules that came without a pack is final."""
        for rule_id, rule in self.by_id.items():
            self.final.setdefault(rule_id, rule.rule.final)

    def set_all(
        self, settings: Mapping[str, RuleSetting], where: Callable[[Place], str], prefix: str = "rules.set"
    ) -> None:
        """Set rules anew. What would loosen a final part is an error, and what loosens another is told."""
        for rule_id, setting in settings.items():
            with self.result.noted(partial(where, ("set", rule_id))):
                self._set(rule_id, setting, where, prefix)

    def _set(self, rule_id: str, setting: RuleSetting, where: Callable[[Place], str], prefix: str) -> None:
        place: Place = ("set", rule_id)
        if rule_id not in self.by_id:
            if self.is_complete:
                fix = did_you_mean(rule_id, self.by_id) or _elsewhere(rule_id, self.shipped)
                raise ConfigError(f"rules.set: no rule is called {rule_id}", fix=fix)
            return
        if setting.enabled is False:
            off = (*place, "enabled")
            self._refuse_or_tell(
                rule_id, "enabled", f"{prefix}.{rule_id}: the rule is switched off", partial(where, off)
            )
            self.off.add(rule_id)
            return
        before = self.by_id[rule_id]
        after = settle(before, setting)
        for part, change in loosened(before.rule, after.rule):
            at = partial(where, (*place, *part.split(".", 1)))
            self._refuse_or_tell(rule_id, part, f"{prefix}.{rule_id}.{part}: {change}", at, before.rule.tighter)
        self.by_id[rule_id] = after
        # A rule that a pack has switched off is on again only where somebody says so.
        if setting.enabled:
            self.off.discard(rule_id)

    def _refuse_or_tell(
        self, rule_id: str, part: str, change: str, where: Callable[[], str], tighter: Mapping[str, str] | None = None
    ) -> None:
        owner, final = self.owner.get(rule_id), self.final.get(rule_id, False)
        if final if part == "enabled" else is_final(final, part):
            way = (tighter or {}).get(part.removeprefix("params."))
            fix = f"only what is tighter can be set: {way}" if way else "leave it as the pack has it"
            if part in {"enforcement", "severity", "on_unknown"}:
                fix = "only what is stricter can be set"
            whose = f"the pack {owner}" if owner else "its file"
            raise ConfigError(f"{change}, which {whose} calls final", where=where(), fix=fix)
        if owner:
            self.result.loosened.append(f"{where()}: {change} (looser than in the pack {owner})")

    def playing(self) -> list[RuleFile]:
        """Return the rules that are not switched off, each with what of it is final."""
        return [
            rule.changed(final=self.final[rule_id]) if self.final.get(rule_id) else rule
            for rule_id, rule in self.by_id.items()
            if rule_id not in self.off
        ]


def _fetched_pack(
    name: str, source: PackSource, shipped: Path, *, base: Path, top: Path, types: ResourceTypes, where: str
) -> tuple[RulePack, list[GuardrailError]]:
    """Read a pack that is none of the shipped ones, once guardrail.lock agrees with what is there."""
    if name in packs(shipped):
        raise ConfigError(f"rules.sources: {name} is a shipped pack", where=where, fix="choose another name")
    if source.folder is not None and is_within(base / source.folder, top):
        folder = base / source.folder / source.subfolder
        paths = _in_folder(folder, where, "rules.sources")
        if outside := next((path for path in paths if not is_within(path, top)), None):
            raise ConfigError(
                "is a link that leads out of the repository",
                where=str(outside),
                fix="replace it by the file that it leads to",
            )
    else:
        folder, paths = base / FETCHED / name, verified(name, source, base, where)
    return read_rule_pack(name, folder, paths, shipped, types=types, where=where)


def read_rule_pack(
    name: str, folder: Path, paths: Collection[Path], shipped: Path, *, types: ResourceTypes = NO_TYPES, where: str = ""
) -> tuple[RulePack, list[GuardrailError]]:
    """Read a pack of these files, and return what is wrong with it beside. Raises ConfigError where nothing is left."""
    content, file = PackFile(version=1), YamlFile(where)
    if folder / PACK_FILE in paths:
        file = read_yaml(folder / PACK_FILE, ConfigError)
        found, faults = examined(PackFile, file, ConfigError)
        if found is None:
            raise faults[0]
        content = found
    rules: list[RuleFile] = []
    wrong: list[GuardrailError] = []
    for path in paths:
        if path != folder / PACK_FILE:
            rule, faults = _examined(path, types, pack=name)
            rules += [rule] if rule else []
            wrong += faults
    for number, brought in enumerate(content.packs):
        rules += read_pack(brought, shipped, where=file.where(("packs", number)))
    if not rules and not wrong:
        raise ConfigError(f"pack {name} holds no rules", where=where, fix="rules are files called *.yaml")
    return RulePack(name, rules, content, file), wrong


def _examined(path: Path, types: ResourceTypes, pack: str = "") -> tuple[RuleFile | None, list[GuardrailError]]:
    try:
        rule, faults = examine_rule(read_yaml(path, RuleError), pack=pack, types=types)
    except RuleError as error:
        return None, [error]
    return (replace(rule, fetched=bool(pack)) if rule else None), faults


@cache
def packs(shipped: Path) -> tuple[str, ...]:
    """Return the names of the shipped packs."""
    return tuple(sorted(name for name in _names(shipped) if rule_files(shipped / name)))


@cache
def _names(shipped: Path) -> frozenset[str]:
    return frozenset(folder.name for folder in shipped.iterdir())


def read_pack(name: str, shipped: Path, *, where: str = "") -> list[RuleFile]:
    """Read the rules of one shipped pack. Raises ConfigError if there is none of that name."""
    files = rule_files(shipped / name) if name in _names(shipped) else []
    if not files:
        known = packs(shipped)
        fix = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise ConfigError(f"rules.packs: no pack is called {name}", where=where, fix=fix)
    return [_shipped_rule(path, name) for path in files]


@cache
def _shipped_rule(path: Path, pack: str) -> RuleFile:
    """Read a rule that does not change while a process runs."""
    return read_rule(path, pack=pack)


def read_folder(path: Path, *, types: ResourceTypes = NO_TYPES, where: str = "") -> list[RuleFile]:
    """Read the rules of a folder and those below it, or of one file. Raises ConfigError if there are none."""
    return [read_rule(file, types=types) for file in _in_folder(path, where)]


def _in_folder(path: Path, where: str = "", key: str = "rules.paths") -> list[Path]:
    if not path.exists():
        raise ConfigError(f"{key}: {path} does not exist", where=where, fix="paths are relative to guardrail.yaml")
    files = [path] if path.is_file() else rule_files(path)
    if linked := next((one for one in path.rglob("*") if one.is_symlink() and one.is_dir()), None):
        what = "is a link to a folder, whose rules are not read"
        raise ConfigError(what, where=str(linked), fix=f"name the folder itself in {key}")
    if not files:
        fix = "rules are files called *.yaml" if any(path.iterdir()) else "a submodule? `git submodule update --init`"
        raise ConfigError(f"{key}: {path} holds no rules", where=where, fix=fix)
    return files


def _add(by_id: dict[str, RuleFile], rule: RuleFile) -> None:
    first = by_id.setdefault(rule.rule.id, rule)
    # One file named by two paths is one rule, and no clash.
    if first is not rule and first.file.name != rule.file.name:
        where = rule.file.where(("id",))
        raise RuleError(f"id {rule.rule.id!r} is taken by {first.file.name}", where=where, fix="choose another id")


def _elsewhere(rule_id: str, shipped: Path) -> str:
    """Return a hint where a rule that is not chosen can be found."""
    found = [pack for pack in packs(shipped) for path in rule_files(shipped / pack) if path.stem == rule_id]
    return f"it is in the pack {found[0]}: add that to rules.packs" if found else ""
