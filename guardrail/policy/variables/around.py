"""The plan around a resource: what it refers to, lists of resources, modules, providers, variables; computed where a rule asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from guardrail.cel import Handle, Path
from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.plan.facts import NO_FACTS, CalledModule, PlanFacts
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.reason import Reason
from guardrail.model.resource import Change
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.variables.amounts import sure
from guardrail.policy.variables.context import PLAN_LISTS, RELATIONS, Project, needed, nested
from guardrail.policy.variables.defaults import Defaults
from guardrail.policy.variables.machine import Specs
from guardrail.policy.variables.relations import Relations
from guardrail.policy.variables.view import SENSITIVE, ResourceView

Reprice = Callable[[Change, Mapping[str, Json], bool], Cost | None]
"""(resource, attributes that are others, whether as before the change) -> what it costs then; None where it is not there."""

_KEY = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
_LIGHT: tuple[Path, ...] = tuple(
    ("resource", name) for name in ("address", "type", "name", "action", "module", "provider", "region", "tags", "cost")
)
_ROOT_MODULE = CalledModule("", "")


class Surroundings(Struct, frozen=True):
    """What rules read of a plan beside its resources.

    data     the data sources that resources mention
    reprice  prices a resource with other attributes; None: nothing can
    """

    facts: PlanFacts = NO_FACTS
    data: tuple[Change, ...] = ()
    reprice: Reprice | None = None


NO_SURROUNDINGS = Surroundings()


class Around:
    """A plan as the rules that judge it see it. `looks_at` are the paths of what they use of the elements of its lists."""

    def __init__(
        self,
        project: Project,
        resources: Sequence[ResourceCost],
        missing: Iterable[NotEvaluated],
        given: Surroundings,
        specs: Specs,
        defaults: Defaults,
        looks_at: frozenset[Path],
    ) -> None:
        self.project = project
        self._resources, self._missing, self._given = resources, tuple(missing), given
        self.missing = self._missing
        self._specs, self.defaults, self._looks_at = specs, defaults, looks_at
        self._variables: dict[Path, tuple[Path, ...]] = {}
        self._handles: dict[tuple[str, bool], Handle] = {}

    @property
    def has_configuration(self) -> bool:
        """Whether the plan tells what its configuration says."""
        return self._given.facts.has_configuration

    @cached_property
    def _relations(self) -> Relations:
        changes = (resource.change for resource in self._resources)
        return Relations(changes, self._given.data, self._missing, self._given.facts)

    @cached_property
    def _costs(self) -> dict[str, ResourceCost]:
        return {resource.change.address: resource for resource in self._resources}

    @cached_property
    def _modules(self) -> dict[str, CalledModule]:
        return {"": _ROOT_MODULE} | {one.address: one for one in self._given.facts.modules}

    def module(self, address: str) -> CalledModule:
        """Return the module block that an instance of a module comes from; its source is unknown where nothing tells."""
        found = self._modules.get(_KEY.sub("", address))
        untold = Unknown(f"the source of {address}", "the plan does not say it", Reason.NOT_EVALUATED)
        return found or CalledModule(address, untold)

    def related(self, view: ResourceView, relation: str, pattern: str) -> Json:
        """Return what a resource refers to, or what refers to it, as a rule reads it."""
        changes = self.changes_related(view, relation, pattern)
        if isinstance(changes, Unknown):
            return changes
        prefix = (*view.prefix, relation, pattern)
        return [self._element(one, prefix, past=view.past, shown=view.shown, settled=view.settled) for one in changes]

    def changes_related(self, view: ResourceView, relation: str, pattern: str) -> list[Change] | Unknown:
        """Return the resources themselves of which `related` tells what rules read."""
        ask = self._relations.references if relation == "references" else self._relations.referrers
        return ask(view.change, pattern, past=view.past)

    def adds_tags_to_blocks(self) -> bool:
        """Say whether AWS's provider adds its default tags inside of blocks; a plan tells it by their `tags_all`.

        A folder has none. The provider does since 5.39, and without a lock file the newest is taken.
        """
        facts = self._given.facts
        if not facts.is_evaluated:
            return False
        version = (facts.locked() or {}).get("hashicorp/aws") or "5.39"
        numbers = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
        return numbers >= [5, 39]

    def repriced(self, view: ResourceView) -> Handle | None:
        """Return what says the price of a resource with other attributes."""
        key = (view.change.address, view.past)
        if key not in self._handles and self._given.reprice:
            self._handles[key] = Handle(_Repriced(self._given.reprice, view.change, past=view.past))
        return self._handles.get(key)

    def cost_with(self, view: ResourceView, attributes: Mapping[str, Json]) -> Cost | None:
        """Return what a resource costs with other attributes; None where nothing tells. Raises InputError for a path that leads nowhere."""
        return self._given.reprice(view.change, attributes, view.past) if self._given.reprice else None

    def plan(self, names: Iterable[str], *, shown: bool) -> dict[str, Json]:
        """Return these of `plan.resources`, `plan.data` and so on; `shown`: without what is sensitive."""
        return {name: _PLAN[name](self, shown) for name in names}

    def resources(self, shown: bool) -> list[Json]:  # noqa: FBT001 - as the others that `plan` calls
        """Return every resource, and something unknown for each block that was not evaluated."""
        elements: list[Json] = [
            self._element(one.change, ("plan", "resources"), shown=shown) for one in self._resources
        ]
        missing = (one for one in self._missing if one.after or not one.before)
        return elements + [
            Unknown("plan.resources", f"not evaluated: {one.text}", one.reason, one.remedy) for one in missing
        ]

    def data(self, shown: bool) -> Json:  # noqa: FBT001
        """Return the data sources that resources mention."""
        if not self._given.facts.has_configuration:
            return _untold("plan.data")
        return [self._element(one, ("plan", "data"), shown=shown) for one in self._given.data]

    def modules(self, _shown: bool) -> Json:  # noqa: FBT001
        """Return the module blocks."""
        if not self._given.facts.has_configuration:
            return _untold("plan.modules")
        return [
            {"address": one.address, "source": one.source, "version": one.version} for one in self._given.facts.modules
        ]

    def providers(self, _shown: bool) -> Json:  # noqa: FBT001
        """Return the providers that modules use, with the version that the lock file selects."""
        facts = self._given.facts
        if not facts.has_configuration:
            return _untold("plan.providers")
        names = [path[2] for path in self._looks_at if path[:2] == ("plan", "providers") and path[2:]]
        is_whole = ("plan", "providers") in self._looks_at
        # The lock file is read only for rules that look at versions.
        locked = facts.locked() if is_whole or "version" in names else None
        no_file = Unknown(
            "the version of a provider",
            "not known: there is no .terraform.lock.hcl",
            Reason.NOT_EVALUATED,
            "commit the lock file that terraform init writes",
        )
        return [
            {
                "name": one.name,
                "source": one.source,
                "constraint": one.constraint,
                "module": one.module,
                "version": no_file if locked is None else locked.get(one.source),
            }
            for one in facts.providers
        ]

    def variables(self, shown: bool) -> Json:  # noqa: FBT001
        """Return the variables of the root module."""
        return self._values(self._given.facts.variables, "var", shown=shown)

    def outputs(self, shown: bool) -> Json:  # noqa: FBT001
        """Return the outputs of the root module."""
        return self._values(self._given.facts.outputs, "output", shown=shown)

    def workspace(self, _shown: bool) -> Json:  # noqa: FBT001
        """Return the workspace."""
        return self._given.facts.workspace

    def _values(self, values: Mapping[str, Json], kind: str, *, shown: bool) -> dict[str, Json]:
        secrets = self._given.facts.secrets if shown else ()
        return {name: SENSITIVE if f"{kind}.{name}" in secrets else value for name, value in values.items()}

    def _element(
        self, change: Change, prefix: Path, *, past: bool = False, shown: bool = False, settled: bool = False
    ) -> dict[str, Json]:
        """Return what rules use of a resource that is an element of a list."""
        cost = self._costs.get(change.address) or ResourceCost(change, None, None)
        view = ResourceView(cost, self._specs, past=past, shown=shown, settled=settled, around=self, prefix=prefix)
        return nested({path[1:]: view.read(path) for path in self._variables_of(prefix)})

    def _variables_of(self, prefix: Path) -> tuple[Path, ...]:
        if prefix not in self._variables:
            below = {path[len(prefix) :] for path in self._looks_at if path[: len(prefix)] == prefix}
            reads = {("resource", *steps) for steps in below if steps}
            # What is referred to is shown by its address where a verdict is explained.
            whole = _LIGHT if () in below else _LIGHT[:1] if prefix[-2] in RELATIONS else ()
            self._variables[prefix] = tuple(sorted(needed({*reads, *whole})))
        return self._variables[prefix]


class _Repriced:
    """Prices one resource with other attributes, the same ones once."""

    def __init__(self, reprice: Reprice, change: Change, *, past: bool) -> None:
        self._reprice, self._change, self._past = reprice, change, past
        self._known: dict[str, Json] = {}

    def __call__(self, attributes: Mapping[str, Json]) -> Json:
        # By its spelling, in which True and 1 differ, as they do in a price.
        key = repr(sorted(attributes.items()))
        if key not in self._known:
            self._known[key] = sure("monthly", self._reprice(self._change, attributes, self._past))
        price = self._known[key]
        if isinstance(price, Unknown):
            return Unknown("price.of(resource)", price.reason, price.kind, price.remedy)
        return price


def _untold(path: str) -> Unknown:
    why = "not known: the plan has no configuration section"
    return Unknown(path, why, Reason.NOT_EVALUATED, "check a plan in JSON, with its configuration section")


_PLAN: Mapping[str, Callable[[Around, bool], Json]] = {name: getattr(Around, name) for name in PLAN_LISTS}
