"""Opens what a run needs by its settings: plans, earlier results, prices, usage and rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from guardrail import data, git
from guardrail.catalog import Catalog, open_catalog
from guardrail.config import Settings, Source
from guardrail.costs import NO_USAGE, Engine, Library, Repricing, Usage, load_usage
from guardrail.costs.usage.profiles import profile
from guardrail.errors import InputError, did_you_mean
from guardrail.model.unknown import Json, Unknown
from guardrail.paths import followed
from guardrail.policy import (
    NO_REPOSITORY,
    REPOSITORY,
    CompiledRule,
    LoadedRules,
    ResourceTypes,
    Surroundings,
    load_rules,
)
from guardrail.policy.variables.defaults import Defaults, by_attribute
from guardrail.progress import counted
from guardrail.terraform.inputs import NoConfigurationError, read_plans
from guardrail.terraform.plan.reader import Plan, unread
from guardrail.terraform.schemas import resource_schema, resource_shape, schema_names, tables_version

if TYPE_CHECKING:
    from guardrail.catalog.terms import Terms
    from guardrail.model.billed.costs import KnownSnapshot
    from guardrail.model.report import Report
    from guardrail.policy.rules.testing import PricedPlan, ReadPlan, Repricer


def plans(settings: Settings, place: Callable[[str], str] = str) -> list[tuple[Source, Plan]]:
    """Read every plan that the settings name, for what needs them together. The rest is as with `each_plan`."""
    return list(each_plan(settings, place))


def each_plan(settings: Settings, place: Callable[[str], str] = str) -> Generator[tuple[Source, Plan]]:
    """Read the plans that the settings name, each at its `place` and when it is asked for.

    Of several, one that cannot be read is a plan with a `fault`: the others are judged. Raises InputError for one alone,
    and for a base that is none.
    """
    others = [Path(one.plan) for one in (*settings.projects, *settings.sources) if one.plan != "-"]
    with ExitStack() as stack:
        base = None
        for source in counted("projects read", settings.sources):
            # A unit stays where it is: what it reads lies anywhere in its checkout.
            found = _read(source, source.plan if source.choices.terragrunt else place(source.plan), settings, others)
            if settings.compare_with:
                from guardrail.terraform.comparison import Base, refuse_plans  # noqa: PLC0415 - only where there is a base

                refuse_plans(found, source.plan)
                if not _is_result(settings.compare_with):
                    base = base or stack.enter_context(
                        Base(settings.compare_with, [one.choices for one in settings.sources])
                    )
                    inside = source.path if len(settings.sources) > 1 else ""
                    found = base.against(source.plan, found, source.choices, inside=inside)
            yield from _named(source, found)


def readable_plans(settings: Settings) -> list[tuple[Source, Plan]]:
    """Read every plan, for what has no use for a part of them. Raises InputError for the first that cannot be read."""
    read = plans(settings)
    for fault in (plan.fault for _, plan in read if plan.fault):
        raise fault
    return read


def project_with(read: Sequence[tuple[Source, Plan]], address: str) -> tuple[Source, Plan]:
    """Return the project that has the address, of "" the only one. Raises InputError for none and for several."""
    has = [(source, plan) for source, plan in read if not address or any(c.address == address for c in plan.changes)]
    if not has or not address:
        for fault in (plan.fault for _, plan in read if plan.fault):  # it may be in what could not be read
            raise fault
    if has[1:]:
        names = ", ".join(source.name for source, _ in has)
        what = f"{address} is in several projects" if address else "there are several projects"
        raise InputError(f"{what}: {names}", fix="choose one: --project NAME")
    if not has:
        known = [change.address for _, plan in read for change in plan.changes]
        raise InputError(f"no resource of the plan has the address {address}", fix=did_you_mean(address, known))
    return has[0]


def engine_of(settings: Settings, library: Library, catalog: Catalog) -> Engine:
    """Return what prices the plans of a run, by the usage profile of its settings."""
    chosen = profile(settings.usage_profile)
    return Engine(library, catalog, default_regions=settings.default_region, profile=chosen)


def plan_reader(catalog: Catalog, library: Library) -> ReadPlan:
    """Return what reads a plan that a rule's test names, and prices it, each once."""
    from guardrail.policy.rules.testing import PricedPlan  # noqa: PLC0415 - only for tests of rules

    engine = Engine(library, catalog)

    @cache
    def read(path: Path) -> PricedPlan:
        (plan, *others) = read_plans(str(path))
        if others or plan.fault:
            raise plan.fault or InputError("holds several plans", where=str(path), fix="name one of them")
        beside = Surroundings(plan.facts, plan.data, Repricing(engine, plan.changes, plan.data))
        return PricedPlan(engine.estimate(plan.changes, plan.data), plan.not_evaluated, beside)

    return read


def repricer(catalog: Catalog, library: Library) -> Repricer:
    """Return what prices resources that tests of rules write with other attributes."""
    engine = Engine(library, catalog)
    return lambda changes, data: Repricing(engine, changes, data)


def repository_of(settings: Settings, rules: Iterable[CompiledRule]) -> str | Unknown:
    """Return owner/name of the repository, if one of the rules asks: as the CI names it, else as the remote `origin` does."""
    if not any(REPOSITORY in rule.shown for rule in rules):
        return NO_REPOSITORY
    top = git.top_of(followed(settings.base))
    address = git.remote_of(top) if top else ""
    found = re.search(r"[:/]([^/:]+/[^/:]+?)(?:\.git)?/?$", address)
    return settings.repository or (found[1] if found else NO_REPOSITORY)


def _read(source: Source, given: str, settings: Settings, others: Sequence[Path]) -> list[Plan]:
    try:
        return read_plans(
            given,
            source.configuration,
            source.choices,
            others,
            proposed=settings.policy_folder is not None,
            states=settings.reads_states,
        )
    except InputError as error:
        is_gone = isinstance(error, NoConfigurationError) or not Path(given).exists()
        if given != "-" and is_gone and settings.compare_with and not _is_result(settings.compare_with):
            error = NoConfigurationError(error.what, where=error.where, fix=error.fix)  # the base may hold some
        elif len(settings.sources) == 1:
            raise
        return [unread(error, before=not Path(given).is_dir())]


def _is_result(base: str) -> bool:
    from guardrail.report.json.read import is_result  # noqa: PLC0415 - only where there is a base

    return is_result(Path(base))


def earlier(settings: Settings) -> Report | None:
    """Read the earlier result that this run is compared with, if it is one. Raises InputError."""
    if not settings.compare_with or not _is_result(settings.compare_with):
        return None
    from guardrail.report.json.read import read_result  # noqa: PLC0415 - only where there is a base

    base = read_result(Path(settings.compare_with))
    if base.currency != settings.currency:
        what = f"is in {base.currency}, and this run in {settings.currency}"
        raise InputError(what, where=settings.compare_with, fix="make both with the same pricing.currency")
    for project in base.projects:
        if project.is_unread:
            what = f"project {project.name!r} could not be read in that run"
            raise InputError(what, where=settings.compare_with, fix="make the result again from what can be read")
    refuse_other_profile(base.usage_profile, settings.usage_profile, settings.compare_with)
    return base


def refuse_other_profile(then: str, now: str, where: str) -> None:
    """Raise InputError if two runs assume usage by different profiles: what differs would not be the change."""
    if then != now:
        this, other = (f"assumed usage (profile {name})" if name else "no assumed usage" for name in (then, now))
        what = f"was made with {this}, and the other side with {other}"
        raise InputError(what, where=where, fix="make both with the same --assume-usage")


def prices(settings: Settings) -> Catalog:
    """Open the catalog that the settings name, at the prices that are paid. Raises CatalogError or ConfigError."""
    return open_catalog(settings.catalog, terms_of(settings))


def terms_of(settings: Settings) -> Terms | None:
    """Read the overlay and the rates, if there are any; else nothing of either is loaded."""
    if settings.overlay is None and settings.currency == "USD":
        return None
    from guardrail.catalog.terms import read_terms  # noqa: PLC0415 - only where list prices are not what is paid

    return read_terms(settings.overlay, settings.rates, settings.currency, settings.now.date())


def snapshot_of(settings: Settings) -> KnownSnapshot | None:
    """Return what bills have come to, as far as a run may use it; None where guardrail.yaml names no snapshot. Raises InputError for a file that is no snapshot."""
    path = settings.snapshot
    if path is None:
        return None
    from guardrail.files.snapshot_file import read_snapshot  # noqa: PLC0415 - few have one
    from guardrail.model.billed.snapshot import absent, usable  # noqa: PLC0415

    where = settings.snapshot_name
    snapshot = read_snapshot(path, where=where)
    if snapshot is None:
        return absent(where)
    return usable(snapshot, where, settings.now, settings.snapshot_max_age, settings.currency)


def usage_of(source: Source) -> Usage:
    """Read the usage file that belongs to a source, if there is one. Raises InputError."""
    return load_usage(source.usage) if source.usage else NO_USAGE


def resource_types(library: Library) -> ResourceTypes:
    """Return the resource types that are known: those of cost definitions and of the tables of provider schemas."""
    return ResourceTypes(
        frozenset({*library.priced_types(), *library.free_types()}), resource_shape, schema_names, tables_version()
    )


def provider_defaults(library: Library) -> Defaults:
    """Return what providers choose: the defaults in the tables of provider schemas, and those that cost definitions state."""

    @cache
    def of(type_name: str) -> Mapping[str, Mapping[str, Json]]:
        schema, tariff = resource_schema(type_name), library.find(type_name)
        stated = tariff.definition.provider_defaults if tariff else {}
        return by_attribute({**(schema.defaults if schema else {}), **stated})

    return of


def rules_of(settings: Settings, library: Library) -> LoadedRules:
    """Load the rules that the settings choose, as they are enforced on the day of the run. Raises RuleError or ConfigError."""
    return loaded_rules(settings, library).on(settings.now.date())


def loaded_rules(settings: Settings, library: Library) -> LoadedRules:
    """Load the rules that the settings choose, as their files have them, whatever the day. Raises RuleError or ConfigError."""
    return load_rules(
        settings.rules,
        data.rules_dir(),
        on_unpriced=settings.on_unpriced,
        base=settings.base,
        top=settings.top,
        types=resource_types(library),
        where=settings.where_in_rules,
    )


def _named(source: Source, found: list[Plan]) -> list[tuple[Source, Plan]]:
    """Several plans in one input are told apart by their folder, or by their place in it."""
    if len(found) == 1:
        return [(source, found[0])]
    places = [f"/{plan.folder}" if plan.folder else f"[{index}]" for index, plan in enumerate(found)]
    return [
        (replace(source, name=source.name + place, path=source.path + place), plan)
        for place, plan in zip(places, found, strict=True)
    ]
