"""The rule file: what it may say, and what all must hold before anything is evaluated."""

import json
import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from guardrail.errors import GuardrailError, RuleError, did_you_mean
from guardrail.files.checked import examined
from guardrail.files.section import Field, PlainSerializer, Section, StringConstraints, WrittenAs, model_validator
from guardrail.files.yaml_file import YamlFile, read_yaml
from guardrail.model.finding import RECOMMENDATION, Enforcement, OnUnknown, Severity
from guardrail.model.resource import Action
from guardrail.policy.glob import is_pattern, matches_any
from guardrail.policy.rules.packs.final import FINAL_FIX, Tighter, final_faults
from guardrail.policy.rules.packs.selection import Final, WaiverTerms
from guardrail.policy.rules.resource_types import NO_TYPES, ResourceTypes
from guardrail.policy.rules.selectors import OF_PLAN, SELECTORS, condition

_KEBAB_CASE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED_IDS = frozenset(
    {
        *("waiver-expired", "waiver-expiring", "waiver-unused", "waiver-too-long"),
        *("waiver-refused", "waiver-outgrown", "waiver-too-broad", "waiver-duplicate"),
    }
)
"""Ids of what guardrail itself reports about waivers."""

ALL_BUT_GONE = frozenset(Action) - {Action.DELETE, Action.FORGET}
"""Actions after which the resource is still there: what a rule judges unless it says otherwise."""

_DECLARE = "name a type that guardrail does not know in match.types_extra, too"

Expression = Annotated[str, StringConstraints(min_length=1)]


class RuleScope(StrEnum):
    """What a rule is asked about."""

    RESOURCE = "resource"  # each resource that it matches
    PLAN = "plan"  # the whole change, once
    BUDGET = "budget"  # each budget of the configuration


class Match(Section):
    """Which resources a rule is about. What is left out does not matter."""

    types: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    """globs of Terraform types"""
    types_extra: tuple[str, ...] = ()
    """globs of those of them that guardrail does not know: of providers that it has no tables of, or newer than it"""
    actions: Annotated[frozenset[Action], PlainSerializer(sorted)] = ALL_BUT_GONE
    """default: every action after which the resource is still there"""
    taggable: bool | None = None
    """only types that can, or cannot, carry tags"""
    providers: tuple[str, ...] = ()
    """globs of short provider names: aws, azurerm, google"""
    projects: tuple[str, ...] = ()
    """globs of project names"""
    environments: tuple[str, ...] = ()
    """globs of project environments"""
    repositories: tuple[str, ...] = ()
    """globs of owner/name"""
    workspaces: tuple[str, ...] = ()
    """globs of workspaces"""
    modules: tuple[str, ...] = ()
    """globs of module addresses, empty for the root module: module.web, module.web.*"""
    module_sources: tuple[str, ...] = ()
    """globs of what the call of its module says as the source"""
    provider_aliases: tuple[str, ...] = ()
    """globs of aliases of providers, empty for the one without an alias"""
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """tag -> globs of its values; all of them have to fit"""


_ALL = Match()
_MATCHABLE = {
    RuleScope.RESOURCE: frozenset(Match.__struct_fields__),
    RuleScope.PLAN: frozenset({"projects", "environments", *OF_PLAN}),
    RuleScope.BUDGET: frozenset(),
}


class Validation(Section):
    """What must hold, and what to say if it does not."""

    expression: Expression
    """CEL; true: the rule is kept"""
    message: Expression
    """text with {expressions} in it"""


class RuleEdit(Section):
    """A change to the configuration that makes a finding of the rule go: an attribute to set, or a key to rename."""

    set: Expression | None = None
    """dotted path of the attribute: type, root_block_device.0.volume_type, tags.{each.value}"""
    value: Expression | None = None
    """CEL; what to set it to. null: it is not known"""
    rename: Expression | None = None
    """dotted path of an entry of a map: tags.{each.value}"""
    to: Expression | None = None
    """CEL; what to call it. null: it is not known"""
    when: Expression | None = None
    """CEL; nothing is done where this is not true"""
    for_each: Expression | None = None
    """CEL; a list or a map: done for each of them, read as each.key and each.value"""
    otherwise: str = ""
    """text with {expressions} in it: what to say where the value is null"""

    @model_validator
    def _one_of_both(self) -> None:
        setting, renaming = (self.set, self.value), (self.rename, self.to)
        if not (all(setting) and not any(renaming)) and not (all(renaming) and not any(setting)):
            msg = "an edit has `set` and `value`, or `rename` and `to`"
            raise ValueError(msg)

    @property
    def path(self) -> str:
        """What it changes, as the file says it."""
        return self.set or self.rename or ""


class Rule(Section, kw_only=True):
    """A rule as its file states it."""

    id: str
    """kebab-case, names the problem"""
    title: Expression
    severity: Severity
    enforcement: Enforcement
    effective_from: date | None = None
    """day from which it is enforced; before that it is advisory"""
    scope: RuleScope = RuleScope.RESOURCE
    match: Match = Match()
    params: dict[str, Any] = field(default_factory=dict)
    """parameters and their defaults; read as params.name"""
    tighter: dict[str, Tighter] = field(default_factory=dict)
    """by parameter, which values are stricter: lower, higher, more or fewer; what a child may still set where it is final"""
    variables: dict[str, Expression] = field(default_factory=dict)
    """named expressions, each usable in those after it as variables.name"""
    when: Expression | None = None
    """the rule applies only where this is true"""
    validations: Annotated[tuple[Validation, ...], Field(min_length=1)]
    on_unknown: OnUnknown = OnUnknown.WARN
    waivable: bool = True
    waivable_by: tuple[str, ...] = ()
    """globs of the owners whose waivers count; none: anybody's"""
    waivers: WaiverTerms = WaiverTerms()
    """what a waiver of it needs to count"""
    final: Final = False
    """what no child may loosen: true for all, or a list of enforcement, severity, on_unknown, waivers, params and params.NAME"""
    fix: str = ""
    edits: tuple[RuleEdit, ...] = ()
    """what `guardrail check --fix` does about a finding"""
    waste: bool = False
    """it is about money spent in vain: it says nothing of what costs nothing, nor where mending it is known to save nothing"""
    saving: Expression | None = None
    """CEL; what a month would cost less without the violation. Default: what the edits save, where they change the cost"""
    docs: str = ""
    description: str = ""
    tests: Annotated[tuple[dict[str, Any], ...], WrittenAs("guardrail.policy.rules.testing.fixture:RuleTest")] = ()
    """examples of it, which `guardrail rules test` runs"""

    @property
    def applies_when(self) -> str | None:
        """What has to be true for the rule to apply, beside what is known before anything is evaluated."""
        globs = {name: getattr(self.match, name) for name in SELECTORS}
        return condition(globs, self.match.tags, self.when)


class RuleFile(Struct, frozen=True):
    """A rule and the file that it came from.

    `pack` is "" for a project's own rule, `fetched` says that the pack is none of the shipped ones. `blocks_from` is the day on
    which a rule that is advisory until then is enforced.
    """

    rule: Rule
    file: YamlFile
    pack: str = ""
    fetched: bool = False
    blocks_from: date | None = None

    def on(self, today: date) -> "RuleFile":
        """Return the rule as it is enforced on a day."""
        begins, is_loud = self.rule.effective_from, self.rule.enforcement is not Enforcement.ADVISORY
        if begins is None or today >= begins or not is_loud:
            return self
        return replace(self.changed(enforcement=Enforcement.ADVISORY), blocks_from=begins)

    @property
    def sha256(self) -> str:
        """The hash of all that decides what the rule finds, whatever its file looks like."""
        content = to_builtins(replace(self.rule, tests=(), docs="", description=""), order="sorted")
        for name in ("tests", "docs", "description"):
            del content[name]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def changed(self, **fields: Any) -> "RuleFile":
        """Return the rule with some of its fields set anew."""
        return replace(self, rule=replace(self.rule, **fields))


def read_rule(path: Path, *, pack: str = "", types: ResourceTypes = NO_TYPES) -> RuleFile:
    """Read one rule. `types` are the resource types that are known; none: typos in patterns cannot be told.

    Raises RuleError with file and line.
    """
    return check_rule(read_yaml(path, RuleError), pack=pack, types=types)


def check_rule(file: YamlFile, *, pack: str = "", types: ResourceTypes = NO_TYPES) -> RuleFile:
    """Return the rule that a file holds. Raises RuleError with file and line."""
    found, faults = examine_rule(file, pack=pack, types=types)
    if found is None:
        raise faults[0]
    return found


def examine_rule(
    file: YamlFile, *, pack: str = "", types: ResourceTypes = NO_TYPES
) -> tuple[RuleFile | None, list[GuardrailError]]:
    """Return the rule that a file holds, or None and everything that is wrong with it before it is compiled."""
    rule, faults = examined(Rule, file, RuleError)
    if rule is None:
        return None, faults
    found = list(_faults(rule, file, types))
    return (None, found) if found else (RuleFile(rule, file, pack), [])


def _faults(rule: Rule, file: YamlFile, types: ResourceTypes) -> Iterator[GuardrailError]:
    if not _KEBAB_CASE.fullmatch(rule.id):
        yield RuleError(f"id {rule.id!r} is not kebab-case", where=file.where(("id",)), fix="like missing-owner-tag")
    if rule.id in RESERVED_IDS or rule.id == RECOMMENDATION:
        yield RuleError(f"id {rule.id!r} is guardrail's own", where=file.where(("id",)), fix="choose another id")
    for section in ("params", "variables"):
        for name in getattr(rule, section):
            if not _IDENTIFIER.fullmatch(name):
                where = file.where((section, name))
                yield RuleError(f"{section} {name!r} is not a name", where=where, fix="letters, digits and _ only")
    yield from _faults_of_final(rule, file)
    yield from _faults_of_scope(rule, file)
    for index, pattern in enumerate(rule.match.types):
        if not _is_known(pattern, rule.match, types):
            what = f"no resource type {'matches' if is_pattern(pattern) else 'is called'} {pattern}"
            near = types.near(pattern)
            where = file.where(("match", "types", index))
            yield RuleError(what, where=where, fix=f"{near} Else {_DECLARE}" if near else _DECLARE)


def _faults_of_scope(rule: Rule, file: YamlFile) -> Iterator[GuardrailError]:
    """Give what a rule of this scope cannot have."""
    narrowed = {name for name in Match.__struct_fields__ if getattr(rule.match, name) != getattr(_ALL, name)}
    if odd := narrowed - _MATCHABLE[rule.scope]:
        what = f"a rule of scope {rule.scope} cannot match by {', '.join(sorted(odd))}"
        fix = (
            "remove it: the budget itself chooses its resources"
            if rule.scope is RuleScope.BUDGET
            else "remove it: the rule judges the whole plan"
        )
        yield RuleError(what, where=file.where(("match",)), fix=fix)
    if rule.edits and rule.scope is not RuleScope.RESOURCE:
        what = f"a rule of scope {rule.scope} cannot have edits"
        yield RuleError(what, where=file.where(("edits",)), fix="only single resources can be edited")
    if rule.waste and rule.scope is not RuleScope.RESOURCE:
        what = f"a rule of scope {rule.scope} cannot have waste"
        yield RuleError(what, where=file.where(("waste",)), fix="only what single resources cost is told")
    if rule.saving and rule.scope is not RuleScope.RESOURCE:
        what = f"a rule of scope {rule.scope} cannot have a saving"
        yield RuleError(what, where=file.where(("saving",)), fix="only what single resources save is told")


def _faults_of_final(rule: Rule, file: YamlFile) -> Iterator[GuardrailError]:
    for name in rule.tighter:
        if name not in rule.params:
            fix = did_you_mean(name, rule.params)
            yield RuleError(f"tighter: there is no parameter {name!r}", where=file.where(("tighter", name)), fix=fix)
    for what in final_faults(rule.final, rule.params):
        yield RuleError(f"final: {what}", where=file.where(("final",)), fix=FINAL_FIX)


def _is_known(pattern: str, match: Match, types: ResourceTypes) -> bool:
    """Say whether a known type fits a pattern, unless the rule says that guardrail does not know it."""
    return not types.defined or types.has(pattern) or matches_any(match.types_extra, pattern)
