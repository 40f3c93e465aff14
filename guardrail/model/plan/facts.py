"""What a plan, or a folder of configuration, says beside its resources: modules, providers, variables, outputs, workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown

_NO_WORKSPACE = Unknown(
    "plan.workspace", "the plan does not say it", Reason.NOT_EVALUATED, "set TF_WORKSPACE for the check"
)


class CalledModule(Struct, frozen=True):
    """A module block. `address` has no keys of instances: module.net.module.vpc; `version` is "" where none is asked for."""

    address: str
    source: str | Unknown
    version: str = ""


class RequiredProvider(Struct, frozen=True):
    """A provider that a module uses.

    name        local name: aws
    source      hashicorp/aws, as far as it is said; "" where nothing says it
    constraint  the versions that are allowed, "" where all are
    module      address of the module without keys, "" for the root module
    """

    name: str
    source: str = ""
    constraint: str = ""
    module: str = ""


class PlanFacts(Struct, frozen=True):
    """What rules read of a plan beside its resources.

    has_configuration  whether it says how it is configured: references, modules and providers
    is_evaluated       whether references were followed by evaluating the configuration, so that each is of one instance
    modules, providers in the order of the configuration
    variables, outputs of the root module, with Unknown where they are not known; `secrets` names those that are sensitive
    locked             gives the versions of .terraform.lock.hcl by source (namespace/name); None where there is no such file
    """

    has_configuration: bool = False
    is_evaluated: bool = False
    modules: tuple[CalledModule, ...] = ()
    providers: tuple[RequiredProvider, ...] = ()
    variables: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    exported: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """by output of the root module, what it mentions there: aws_eip.a, module.vpc"""
    secrets: frozenset[str] = frozenset()
    """var.NAME and output.NAME"""
    workspace: str | Unknown = _NO_WORKSPACE
    locked: Callable[[], Mapping[str, str] | None] = lambda: None


NO_FACTS = PlanFacts()


def without_repetition(providers: Iterable[RequiredProvider]) -> tuple[RequiredProvider, ...]:
    """Return what modules ask of providers, each once; that a module allows any version matters only where all do."""
    every = list(dict.fromkeys(providers))
    limited = {one.source for one in every if one.constraint}
    return tuple(one for one in every if one.constraint or one.source not in limited)
