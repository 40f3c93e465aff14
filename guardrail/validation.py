"""Everything that is wrong with a configuration and with the files that it names, without a plan and without the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail import data
from guardrail.approvals.faults import approval_faults
from guardrail.approvals.file import ApprovalList
from guardrail.config import ConfigFile, PricingConfig, RulesConfig, misnamed, on_unpriced
from guardrail.config_path import find_config, is_config
from guardrail.costs import Library
from guardrail.costs.usage.file import UsageFile
from guardrail.errors import ConfigError, GuardrailError, InputError, RuleError, did_you_mean
from guardrail.files import Place, Section, YamlFile, examined, read_yaml
from guardrail.files.model import ValidationError, validated
from guardrail.files.repository import repository_top
from guardrail.finops.allocation import file as allocation_file
from guardrail.finops.kpis import kpi_file
from guardrail.load import plan_reader, provider_defaults, repricer, resource_types
from guardrail.paths import followed
from guardrail.policy import (
    ResourceTypes,
    RuleFile,
    RuleSetting,
    WaiverList,
    WaiverPolicy,
    check_rule,
    choose,
    compile_faults,
    examine_rule,
    fetched_files,
    load_waivers,
    packs,
)
from guardrail.policy.glob import is_pattern
from guardrail.policy.rules.testing import run_tests
from guardrail.terraform.configuration.code.files import shown
from guardrail.waivers import refused_waivers, waiver_policy, waivers_without_terms

Part = TypeVar("Part", bound=Section)

_OURS = re.compile(
    rb"^(?:id|validations|enforcement|waivers|resource_usage|resource_type_default_usage):", re.MULTILINE
)
_LOOKED_AT = 2_000_000  # bytes
_ROUNDS = 20  # each takes away what is wrong; that can show what else is


class Validation(Struct):
    """What was looked at, and what is wrong with it. `strangers` are files that are none of guardrail's."""

    faults: list[GuardrailError] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    rules: int = 0
    tests: int = 0
    strangers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """what is no fault, and does nothing any more"""
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    final: list[RuleFile] = field(default_factory=list)
    """rules that are final: no waiver may name them"""
    waiver_policy: WaiverPolicy = field(default_factory=WaiverPolicy)
    """what waivers of the rules that play need to count"""

    def configuration(self, path: Path) -> None:
        """Look at a guardrail.yaml and at all that it names."""
        file = self._read(path, ConfigError)
        if file is None:
            return
        self._examined(ConfigFile, file, ConfigError)
        config, base = _sound(file.data), path.parent
        self.faults += misnamed(config, file, base, base)
        library = self._library(config.pricing, base)
        known = self._rules(config.rules, file, base, library, on_unpriced(config))
        self._prices(config.pricing, file, base)
        if config.waivers and (base / config.waivers).exists():
            self.waivers(base / config.waivers, known)
        if (base / config.approvals.file).is_file():
            self.approvals(base / config.approvals.file, known, config)
        for name in dict.fromkeys(project.usage for project in config.projects):
            if name and (base / name).exists():
                self.usage(base / name)
        if config.ledger.snapshot and (base / config.ledger.snapshot).exists():
            self.snapshot(base / config.ledger.snapshot)
        if (base / allocation_file.FILE).exists():
            self.allocation(base / allocation_file.FILE)
        self.kpis(config.kpis.paths, file, base)

    def kpis(self, names: Sequence[str], file: YamlFile, base: Path) -> None:
        """Look at the KPIs in folders that a configuration names."""
        for number, name in enumerate(names):
            if not (base / name).exists():
                where = file.where(("kpis", "paths", number))
                self.faults.append(ConfigError(f"no such folder of KPIs: {name}", where=where))
            for path in kpi_file.files_of(base / name):
                self.kpi(path)

    def kpi(self, path: Path) -> None:
        """Look at a KPI, and at its SQL where DuckDB is there to read it."""
        self.seen.add(followed(path))
        try:
            found = kpi_file.read_kpi(path)
            if find_spec("duckdb"):
                from guardrail.ledger.kpis.statement import inputs_of  # noqa: PLC0415 - few have one

                inputs_of(found.kpi.sql, found.kpi.needs, found.where, found.where_needed)
        except ConfigError as error:
            self.faults.append(error)

    def rule(self, path: Path, library: Library | None = None) -> None:
        """Look at one rule that no configuration names."""
        file = self._read(path, RuleError)
        if file is None:
            return
        types = resource_types(library or Library())
        rule, faults = examine_rule(file, types=types)
        self.faults += faults
        if rule:
            self._played([rule], types, compiled=[rule])

    def waivers(self, path: Path, rules: Iterable[str] = ()) -> None:
        """Look at a waivers file. `rules` are the ids that it may name; none: not checked."""
        file, known = self._read(path, ConfigError), set(rules)
        if file is None or file.data is None:
            return
        found = self._examined(WaiverList, file, ConfigError)
        if found:
            listed = load_waivers(file)
            self.faults += refused_waivers(listed, self.final)
            self.faults += waivers_without_terms(listed, self.waiver_policy, self.today)
            ended = (one for one in listed if one.expires < self.today)
            self.notes += [
                f"{one.where}: the waiver of {one.rule} for {one.address} ended on {one.expires} (remove it, or fix what it excused)"
                for one in ended
            ]
        for number, entry in enumerate(found.waivers if found else ()):
            if known and entry.rule not in known and not is_pattern(entry.rule):
                where, fix = file.where(("waivers", number, "rule")), did_you_mean(entry.rule, known)
                fix = fix or "`guardrail rules list --all` has them"
                self.faults.append(ConfigError(f"no rule is called {entry.rule}", where=where, fix=fix))

    def approvals(self, path: Path, rules: Iterable[str] = (), config: ConfigFile | None = None) -> None:
        """Look at an approvals file, whose entries name rules, and approvers and projects of the configuration; none: not checked."""
        file = self._read(path, ConfigError)
        if file is None or file.data is None:
            return
        found = self._examined(ApprovalList, file, ConfigError)
        if found is None:
            return
        approvers, projects = (config.approvers, config.projects) if config else ((), ())
        self.faults += approval_faults(found.approvals, file, rules=set(rules), approvers=approvers, projects=projects)
        for number, entry in enumerate(found.approvals):
            if entry.expires < self.today:
                what = f"the approval of {entry.rule} for {entry.address} by {entry.by} ended on {entry.expires}"
                self.notes.append(f"{file.where(('approvals', number))}: {what} (remove it, or approve anew)")

    def usage(self, path: Path) -> None:
        """Look at a usage file."""
        file = self._read(path, InputError)
        if file and file.data is not None:
            self._examined(UsageFile, file, InputError)

    def snapshot(self, path: Path) -> None:
        """Look at the snapshot of a ledger."""
        from guardrail.files.snapshot_file import read_snapshot  # noqa: PLC0415 - few have one

        self.seen.add(followed(path))
        try:
            read_snapshot(path, where=shown(path))
        except InputError as error:
            self.faults.append(error)

    def allocation(self, path: Path) -> None:
        """Look at an allocation.yaml and at the measured values that it names."""
        file = self._read(path, ConfigError)
        found = self._examined(allocation_file.Allocation, file, ConfigError) if file else None
        if found is None:
            return
        try:
            allocation_file.read_measured(found, path.parent)
        except ConfigError as error:
            self.faults.append(error)

    def _rules(
        self, chosen: RulesConfig, file: YamlFile, base: Path, library: Library, unpriced: Mapping[str, RuleSetting]
    ) -> set[str]:
        """Look at the rules, and return the ids that waivers may name; none where some could not be read."""
        for name in chosen.paths:
            place = base / name
            self.seen.update(followed(path) for path in ([place] if place.is_file() else place.rglob("*.y*ml")))

        def where(place: Place) -> str:
            return file.where(("rules", *place))

        self.seen.update(followed(path) for path in fetched_files(base, chosen.sources))
        self.seen.update(followed(base / name) for one in chosen.set.values() for name in one.params_from.values())
        there = tuple(name for name in chosen.paths if (base / name).exists())  # the others are told of already
        selection = replace(chosen, paths=there)
        top = repository_top(followed(base))
        types = resource_types(library)
        found = choose(selection, data.rules_dir(), on_unpriced=unpriced, base=base, top=top, types=types, where=where)
        rules, faults = found.rules, found.faults
        self.faults += faults
        own = [rule for rule in rules if not rule.pack or rule.fetched]
        set_anew = {*chosen.set, *(rule.rule.id for rule in rules if chosen.sources)}
        self._played(own, types, compiled=[rule for rule in rules if not rule.pack or rule.rule.id in set_anew])
        self.final = [rule for rule in rules if rule.rule.final]
        self.waiver_policy = waiver_policy(rules, chosen)
        shipped = {path.stem for pack in packs(data.rules_dir()) for path in (data.rules_dir() / pack).glob("*.yaml")}
        return set() if faults else {*shipped, *chosen.set, *(rule.rule.id for rule in own)}

    def _played(self, own: list[RuleFile], types: ResourceTypes, *, compiled: list[RuleFile]) -> None:
        """Compile rules, and run the tests of one's own as their files have them."""
        wrong = {rule.file.name: faults for rule in compiled if (faults := compile_faults(rule, types))}
        self.faults += [fault for faults in wrong.values() for fault in faults]
        sound = [check_rule(rule.file) for rule in own if rule.file.name not in wrong]
        self.rules += len(own)
        if not any(rule.rule.tests for rule in sound):
            return
        from guardrail.catalog import open_catalog  # noqa: PLC0415 - machines' facts, for tests that name machines

        catalog, library = open_catalog(), Library()
        reads, prices, defaults = plan_reader(catalog, library), repricer(catalog, library), provider_defaults(library)
        for result in run_tests(sound, specs=catalog.spec, read_plan=reads, repricer=prices, defaults=defaults):
            self.tests += 1
            if not result.passed:
                what = f"rule {result.rule}, test {result.name}: {result.mismatch}"
                self.faults.append(RuleError(what, where=result.where, fix="correct the rule or its test"))

    def _library(self, pricing: PricingConfig, base: Path) -> Library:
        """Look at one's own cost definitions, and return them with the shipped ones."""
        folders = [base / name for name in pricing.definitions if (base / name).is_dir()]
        library = Library(folders)
        for folder in folders:
            for path in sorted(folder.glob("*/*.toml")):
                self.seen.add(followed(path))
                try:
                    Library([folder]).find(path.stem)
                except GuardrailError as error:
                    self.faults.append(error)
        try:
            library.free_types()
        except GuardrailError as error:
            self.faults.append(error)
            return Library()
        return library

    def _prices(self, pricing: PricingConfig, file: YamlFile, base: Path) -> None:
        """Look at overlay and rates."""
        names = {name: value for name in ("overlay", "rates") if (value := getattr(pricing, name))}
        paths = {name: base / value for name, value in names.items()}
        self.seen.update(followed(path) for path in paths.values())
        if not all(path.exists() for path in paths.values()) or not (paths or pricing.currency != "USD"):
            return
        from guardrail.catalog.terms import read_terms  # noqa: PLC0415 - only where list prices are not what is paid

        try:
            read_terms(paths.get("overlay"), paths.get("rates"), pricing.currency, self.today)
        except GuardrailError as error:
            place = file.where(("pricing", "currency"))
            self.faults.append(error if error.where else ConfigError(error.what, where=place, fix=error.fix))

    def _read(self, path: Path, error: type[GuardrailError]) -> YamlFile | None:
        self.seen.add(followed(path))
        try:
            file = read_yaml(path, error)
            _ = file.data  # parsed here, where it can be told
        except GuardrailError as fault:
            self.faults.append(fault)
            return None
        return file

    def _examined(self, model: type[Part], file: YamlFile, error: type[GuardrailError]) -> Part | None:
        found, faults = examined(model, file, error)
        self.faults += faults
        return found


def validate_files(files: Iterable[Path]) -> Validation:
    """Look at files, and at the configurations that they belong to. Raises InputError for one that is not there."""
    result, given = Validation(), list(dict.fromkeys(files))
    for path in given:
        if not path.is_file():
            raise InputError(
                "no such file",
                where=str(path),
                fix="name guardrail.yaml, a rule, waivers, approvals, usage or allocation.yaml",
            )
    for config in dict.fromkeys(found for path in given if (found := _config_of(path))):
        result.configuration(config)
    for path in given:
        if followed(path) not in result.seen:
            _alone(path, result)
    return result


def _config_of(path: Path) -> Path | None:
    found = path if is_config(path) else find_config(path.absolute().parent)
    return Path(shown(found)) if found else None


def _alone(path: Path, result: Validation) -> None:
    """Look at a file that no configuration names, if its keys say what it is."""
    if path.suffix not in {".yaml", ".yml"}:
        result.strangers.append(str(path))
        return
    try:
        content = read_yaml(path, RuleError).data
    except GuardrailError as error:
        if _OURS.search(path.read_bytes()[:_LOOKED_AT]):  # else it may be a template of somebody else's
            result.faults.append(error)
        else:
            result.strangers.append(str(path))
        return
    keys = set(content) if isinstance(content, dict) else set()
    if keys & {"validations", "enforcement"}:
        result.rule(path)
    elif "waivers" in keys:
        result.waivers(path)
    elif keys == {"approvals"} and isinstance(content["approvals"], list):
        result.approvals(path)
    elif keys & {"resource_usage", "resource_type_default_usage"}:
        result.usage(path)
    elif {"sql", "needs"} <= keys:
        result.kpi(path)
    elif path.name == allocation_file.FILE or "shared" in keys <= {"version", "rules", "shared"}:
        result.allocation(path)
    else:
        result.strangers.append(str(path))


def _sound(content: Any) -> ConfigFile:
    """Return a configuration without what is wrong in it, so that the rest can be looked at, too."""
    sound = {**deepcopy(content), "version": 1} if isinstance(content, dict) else {"version": 1}
    for _ in range(_ROUNDS):
        try:
            return validated(ConfigFile, sound)
        except ValidationError as problem:
            for fault in problem.errors():
                _drop(sound, fault["loc"])
    return ConfigFile(version=1)


def _drop(content: Any, place: tuple[str | int, ...]) -> None:
    """Take away what stands at a place, or around it. Of a list the rest goes, too: no other item moves to its place."""
    for depth, step in enumerate(place):
        inner = content.get(step) if isinstance(content, dict) else None
        if isinstance(content, list) and isinstance(step, int) and step < len(content):
            inner = content[step]
        if depth + 1 < len(place) and isinstance(inner, dict | list) and _leads_on(inner, place[depth + 1]):
            content = inner
        elif isinstance(content, list):
            del content[step if isinstance(step, int) else 0 :]
            return
        else:
            content.pop(step, None)
            return


def _leads_on(content: Any, step: str | int) -> bool:
    return step in content if isinstance(content, dict) else isinstance(step, int) and step < len(content)
