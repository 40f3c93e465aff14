"""The story: read, price, ask each kind, evaluate what it proposes, settle what excludes each other, verify, edit, rank."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from guardrail.catalog import open_catalog
from guardrail.config import Settings, Source
from guardrail.costs import Engine, Library
from guardrail.finops.commitments.advice import Advice, advised
from guardrail.load import engine_of, prices, readable_plans, usage_of
from guardrail.model.cost import Line
from guardrail.model.money import ZERO, decimal, plain, singular
from guardrail.policy import Project
from guardrail.recommend.clean_up.unmanaged import KIND as CLEAN_UP
from guardrail.recommend.clean_up.unmanaged import unmanaged
from guardrail.recommend.commitments.accounts import FIX, NO_HOURS, Accounts
from guardrail.recommend.commitments.fleet import fleet
from guardrail.recommend.commitments.kind import after_others, lowers_use, recommendation
from guardrail.recommend.dismissals import dismissed, read_dismissals, remarks
from guardrail.recommend.editing import with_edits
from guardrail.recommend.evaluation import Evaluation
from guardrail.recommend.kinds import KINDS, OF_ACCOUNTS, kind
from guardrail.recommend.proposal import Evidence, NotJudged, Proposal
from guardrail.recommend.recommendation import Recommendation, Recommendations, Status, Unjudged
from guardrail.recommend.scene import NO_FACTS, Facts, Scene
from guardrail.recommend.settling import settled
from guardrail.recommend.verifying import Read, verified
from guardrail.report.format import count
from guardrail.terraform.inputs import NoConfigurationError
from guardrail.terraform.plan.reader import Plan


def recommend(
    settings: Settings,
    facts: Facts = NO_FACTS,
    only: Sequence[str] = (),
    *,
    read: Read | None = None,
    changed_only: bool = False,
    accounts: Accounts | None = None,
    may_have_none: bool = False,
) -> Recommendations:
    """Recommend what lowers the cost of what the settings name; no file is written. Raises GuardrailError.

    `only`: names of kinds, all if there is none. `changed_only`: about resources alone that a change creates or changes.
    `read`: the plans, if they are read already. `accounts`: what commitments are planned from; None where they are not.
    `may_have_none`: where the folder has no configuration, what the facts alone tell is recommended.
    """
    # What a change creates may be attached by another state, or by the next change.
    names = tuple(name for name in KINDS if (name in only or not only) and not (changed_only and name == CLEAN_UP))
    if read is None:
        of_fleet = accounts is not None and not accounts.hours  # no bill: then plans tell what runs
        read = _read(settings, may_have_none=may_have_none) if names or of_fleet else []
    engine = engine_of(settings, Library(settings.definitions), prices(settings))
    scenes = [scene_of(source, plan, engine, settings, facts) for source, plan in read]
    found: list[Recommendation] = []
    unjudged: list[NotJudged] = []
    for scene, name in ((scene, name) for scene in scenes for name in names):
        for one in kind(name)(scene):
            if changed_only and not _is_changed(scene, one.address):
                continue
            if isinstance(one, NotJudged):
                unjudged.append(one)
            elif priced := evaluated(scene, one):
                found.append(priced)
    if CLEAN_UP in names:
        billed, more = _unmanaged(facts, read, settings)
        found, unjudged = [*found, *billed], [*unjudged, *more]
    advices = _advices(accounts, settings, scenes) if accounts else ()
    bought = [one for one in (recommendation(each, settings.currency) for each in advices) if one]
    if any(one.is_counted and lowers_use(one) for one in found):
        bought = [after_others(one) for one in bought]
    found += [one for one in bought if one.saving is None or one.saving >= decimal(settings.recommend.min_saving)]
    dismissals = read_dismissals(settings.dismissals) if settings.dismissals else ()
    today = settings.now.date()
    found, used = dismissed(found, dismissals, today)
    found = settled(found, {scene.project.name: scene.evaluation for scene in scenes})
    found, before = verified(found, settings, read, engine)
    found, files = with_edits(found, settings, read, before, engine, removes=CLEAN_UP in only)
    is_whole = not only and not changed_only and settings.complete
    found = sorted(found, key=_rank)
    resources = [one for scene in scenes for one in scene.resources]
    sides = [one.after for one in resources if one.after]
    limit = settings.recommend.block_above
    return Recommendations(
        all=tuple(found),
        unjudged=_by_reason(unjudged),
        currency=settings.currency,
        monthly=sum((side.known for side in sides), ZERO),
        is_lower_bound=any(side.is_lower_bound for side in sides) or any(plan.not_evaluated for _, plan in read),
        judged=len(sides),
        kinds=(*names, *(OF_ACCOUNTS if accounts else ())),
        files=files,
        notes=(
            *((_NO_PLANS,) if not read and names else ()),
            *(accounts.notes if accounts else ()),
            *((f"{NO_HOURS}; {FIX}",) if accounts and not advices else ()),
            *remarks(dismissals, used, today, (*KINDS, *OF_ACCOUNTS), complete=is_whole),
        ),
        advices=advices,
        blocking=() if limit is None else tuple(one for one in found if _exceeds(one, decimal(limit))),
    )


_NO_PLANS = "no INPUT, and no configuration here: what bills and states in the ledger tell was looked at, and no plan"


def _read(settings: Settings, *, may_have_none: bool) -> Read:
    try:
        return readable_plans(replace(settings, reads_states=True))
    except NoConfigurationError:
        if not may_have_none:
            raise
        return []


def _unmanaged(facts: Facts, read: Read, settings: Settings) -> tuple[list[Recommendation], list[NotJudged]]:
    plans = (plan for _, plan in read)
    each = list(unmanaged(facts.unmanaged, plans, settings.currency, settings.recommend.min_saving))
    return [one for one in each if isinstance(one, Recommendation)], [one for one in each if isinstance(one, NotJudged)]


def _advices(accounts: Accounts, settings: Settings, scenes: Iterable[Scene]) -> tuple[Advice, ...]:
    """Return what to commit to. List prices count: an overlay may say that commitments cover a part of everything."""
    catalog = open_catalog(settings.catalog)
    hours = accounts.hours or fleet(scenes, settings.now)
    return tuple(advised(one, catalog, accounts.wanted, settings.now.date()) for one in hours)


def scene_of(source: Source, plan: Plan, engine: Engine, settings: Settings, facts: Facts) -> Scene:
    """Price a plan, and return it with all that kinds look at. Raises InputError for its usage file."""
    engine = engine.with_usage(usage_of(source))
    resources = engine.estimate(plan.changes, plan.data)
    return Scene(
        Project(source.name, source.path, source.env),
        resources,
        Evaluation(engine, resources, plan.data),
        engine.catalog,
        facts,
        settings.recommend,
        settings.now,
        settings.currency,
        plan,
    )


def _is_changed(scene: Scene, address: str) -> bool:
    priced = scene.costs.get(address)
    return priced is not None and priced.changes


def evaluated(scene: Scene, proposal: Proposal) -> Recommendation | None:
    """Return a proposal with what it saves; None where that is less than anybody wants to hear of."""
    priced = scene.costs.get(proposal.address)
    source = priced.change.source if priced else None
    whole, before, after, gap = proposal.saving, None, None, proposal.unknown
    moved: tuple[str, ...] = (proposal.address,)
    prices: tuple[Evidence, ...] = ()
    if whole is None and not gap:
        evaluation = scene.evaluation
        came = (
            evaluation.without(proposal.address)
            if proposal.deletes
            else evaluation.with_steps(proposal.address, proposal.steps, proposal.adds)
        )
        if came.unpriced:
            note = f"not in the sum: what {count(len(came.unpriced), 'added resource')} ({came.unpriced[0]}) costs is not known"
            proposal = replace(proposal, counted=False, notes=(*proposal.notes, note))
        whole, before, after, gap, moved = came.saving, came.before, came.after, came.gap, came.moved
        prices = tuple(dict.fromkeys(filter(None, (_price(line, scene.currency) for line in came.lines))))
    if whole is not None and whole < decimal(scene.config.min_saving):
        return None
    saving = None if whole is None else whole * proposal.on_demand
    frees = ZERO if whole is None or saving is None else whole - saving
    return Recommendation(
        *(proposal, scene.project.name, before, after, saving, frees, gap, moved, prices), source=source
    )


def _price(line: Line, currency: str) -> Evidence | None:
    """Return what a line's unit costs, and who says so; None where nobody does."""
    if line.price is None or line.unit_price is None:
        return None
    value = f"{plain(line.unit_price)} {currency} per {singular(line.unit)}"
    return Evidence(f"price of {line.name}", value, line.price.source, line.price.as_of)


def _rank(one: Recommendation) -> tuple[int, Decimal, str, str, str]:
    """Those that are open first, by money; what is not known is behind what is."""
    order = list(Status).index(one.status) * 2 + (one.saving is None)
    return order, -(one.saving or ZERO), one.project, one.proposal.address, one.proposal.id


def _exceeds(one: Recommendation, limit: Decimal) -> bool:
    return one.is_counted and (one.saving or ZERO) > limit


def _by_reason(found: Sequence[NotJudged]) -> tuple[Unjudged, ...]:
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found:
        alike[one.kind, one.reason].append(one.address)
    return tuple(Unjudged(kind, reason, tuple(addresses)) for (kind, reason), addresses in sorted(alike.items()))
