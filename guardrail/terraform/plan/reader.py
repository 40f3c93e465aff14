"""Reading a plan: `terraform show -json` and `tofu show -json` of every version, from 0.12 on."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.model.finding import Waiver
from guardrail.model.plan.facts import NO_FACTS, PlanFacts
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Change, SourceLine
from guardrail.terraform.address import Address
from guardrail.terraform.plan.changes import changes_of
from guardrail.terraform.plan.json.data_sources import PREFIX, data_sources
from guardrail.terraform.plan.json.deferred import left_for_later
from guardrail.terraform.plan.json.document import Document, documents, malformed
from guardrail.terraform.plan.json.entries import Entry, entries
from guardrail.terraform.plan.json.envelope import plan_text, without_huge_numbers
from guardrail.terraform.plan.json.facts import facts_of
from guardrail.terraform.plan.json.modules import Modules
from guardrail.terraform.plan.json.moves import NO_MOVES, Moves
from guardrail.terraform.plan.providers import Providers
from guardrail.terraform.plan.references import References
from guardrail.terraform.plan.regions import Located


class Plan(Struct, frozen=True):
    """What Terraform is about to do: one change for each managed resource, in the order of the plan.

    warnings          what a reader should know of the input, one line each
    not_evaluated     what is missing from it that Terraform would plan, or leaves to a later plan
    is_configuration  whether it is a folder of configuration that nobody has planned
    waivers           those in comments of the configuration
    folder            where it lies below what was named, "" if that was it
    moves             what a configuration says of the addresses that its resources had
    fault             what kept it from being read: it then has no changes, and nothing can be said of it
    data              the data sources that resources mention, as far as they are known
    facts             what it says beside its resources
    sha256            of the file, or of standard input, that it was read from; "" of a folder of configuration
    planned_at        when Terraform made it; "" where it does not say so
    looked            files and folders that reading it has looked at beside plans, configuration and variables, there or not
    """

    changes: tuple[Change, ...]
    terraform_version: str = ""
    warnings: tuple[str, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    is_configuration: bool = False
    waivers: tuple[Waiver, ...] = ()
    folder: str = ""
    moves: Moves = NO_MOVES
    fault: InputError | None = None
    data: tuple[Change, ...] = ()
    facts: PlanFacts = NO_FACTS
    sha256: str = ""
    planned_at: str = ""
    looked: frozenset[Path] = frozenset()


_NO_PLAN = Plan(())


def unread(fault: InputError, plan: Plan = _NO_PLAN, *, before: bool = True) -> Plan:
    """Return what stands for a plan that could not be read, so that the others of its run can be judged.

    `before` says whether it has a before: configuration that is compared with nothing has none.
    """
    file, line = fault.place
    source = SourceLine(file, line) if line else None
    missing = NotEvaluated("", f"not read: {fault.what}", remedy=fault.fix, before=before, source=source)
    return replace(plan, changes=(), not_evaluated=(missing,), fault=fault)


def read_plan(data: bytes, where: str) -> list[Plan]:
    """Read a plan, or several in a JSON array. `where` names the input in errors.

    Raises InputError, in one line that names the mistake and its remedy, for what is no readable plan.
    """
    plan = plan_text(data, where)
    with _without_collector():
        try:
            return _plans(plan.text, where, plan.warnings)
        # Before DecodeError, whose subclass it is.
        except msgspec.ValidationError:
            pass  # a number that the decoder cannot hold, or a plan of another shape, which the second try tells
        except msgspec.DecodeError as error:
            raise malformed(error, plan.text, where) from None
        try:
            return _plans(without_huge_numbers(plan.text), where, plan.warnings)
        except msgspec.DecodeError as error:
            raise malformed(error, plan.text, where) from None
        except ValueError as error:
            raise InputError(str(error), where=where, fix="only Terraform's own JSON is read") from None


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hold back the garbage collector, which otherwise walks all of a growing plan again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _plans(text: bytes, where: str, warnings: tuple[str, ...]) -> list[Plan]:
    return [_plan(document, warnings) for document in documents(text, where)]


def _plan(document: Document, warnings: tuple[str, ...]) -> Plan:
    modules = Modules(document.configuration, document.variables)
    providers = Providers(document.configuration, modules)
    found, remarks = entries(document, modules)
    references = References(modules, {text: entry.address for text, entry in found.items()})
    located = {text: _located(entry, modules, references) for text, entry in found.items()}
    data = data_sources(document, modules, references.data)  # which `_located` has filled
    changes = changes_of(found, located, providers, _places_of(data, modules))
    version = document.terraform_version
    return Plan(
        changes,
        version if isinstance(version, str) else "",
        warnings + remarks,
        not_evaluated=left_for_later(document),
        data=data,
        facts=facts_of(document),
        planned_at=document.timestamp if isinstance(document.timestamp, str) else "",
    )


def _located(entry: Entry, modules: Modules, references: References) -> Located:
    block = modules.block(entry.address)
    after = entry.after
    mentions = references.of(entry.address, block, after.unknown if after else {})
    if after and block:
        after = replace(after, written=mentions.written, is_set=block.sets)
    if block and block.provider_config_key:
        provider_key = block.provider_config_key
    else:
        # Terraform 0.12 has the alias in the name of the provider, "aws.peer"; for others the default one is taken.
        alias = entry.provider_name.rpartition("/")[2]
        provider_key = alias if "." in alias else entry.provider
    return Located(
        type=entry.address.type,
        vendor=entry.provider,
        provider_key=provider_key,
        before=entry.before,
        after=after,
        is_set=block.sets if block else None,
        references=mentions.addresses,
        through_locals=mentions.through_locals,
    )


def _places_of(data: Iterable[Change], modules: Modules) -> dict[str, Located]:
    """Return data sources as what may tell where something lies, a block with several instances by any of them."""
    places: dict[str, Located] = {}
    for source in data:
        address = source.address.rpartition("[")[0] if source.index is not None else source.address
        kind = source.type.removeprefix(PREFIX)
        block = modules.data_block(Address(source.module, kind, source.name))
        key = block.provider_config_key if block else None
        place = Located(
            kind,
            source.provider,
            key or source.provider,
            source.before,
            source.after,
            block.sets if block else None,
            {},
            is_data=True,
        )
        places[source.address] = places[address] = place
    return places
