"""What a plan knows of the data sources that its resources mention: what was read, else what the configuration asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from guardrail.model.resource import Action, Change, Side
from guardrail.model.unknown import Json
from guardrail.terraform.address import Address, key_value, parse
from guardrail.terraform.plan.json.document import Document, decoded, marks_of
from guardrail.terraform.plan.json.modules import Modules
from guardrail.terraform.plan.providers import short_name

PREFIX = "data."


def data_sources(document: Document, modules: Modules, mentioned: Iterable[str]) -> tuple[Change, ...]:
    """Return the data sources at addresses that resources mention; a block alone stands for all of its instances.

    Their types begin with "data.". What the prior state holds has been read while planning. A data source that is read
    while applying, or a configuration that nobody has planned, only tells the arguments that are constants.
    """
    wanted = {_block(address) for text in mentioned if (address := parse(text))}
    if not wanted:
        return ()
    found = {source.address: source for source in _read_at_plan(document, wanted)}
    found |= {source.address: source for source in _read_at_apply(document, wanted) if source.address not in found}
    # The configuration section is the last to be asked: it tells of a block, not of its instances.
    told = {_block(address) for text in found if (address := parse(text))}
    for block in sorted(wanted - told):
        source = _configured(block, modules)
        if source:
            found[block] = source
    return tuple(found.values())


def _block(address: Address) -> str:
    return f"{address.module}.{PREFIX}{address.resource}".removeprefix(".")


def _read_at_plan(document: Document, wanted: set[str]) -> Iterator[Change]:
    for text, resource in document.prior_data().items():
        address = parse(text)
        if address and _block(address) in wanted:
            side = Side(decoded(resource.values), {}, marks_of(resource.sensitive_values))
            yield _change(address, text, side, resource.provider_name)


def _read_at_apply(document: Document, wanted: set[str]) -> Iterator[Change]:
    """Yield those that are read while applying: what is known of them stands among the changes."""
    for entry in document.resource_changes or ():
        address = parse(entry.address) if entry.mode == "data" else None
        if address and entry.change and entry.change.after is not None and _block(address) in wanted:
            unknown = entry.change.after_unknown
            marks: Mapping[str, Json] = unknown if isinstance(unknown, dict) else {}
            sensitive = entry.change.after_sensitive
            side = Side(
                entry.change.after, marks, sensitive if isinstance(sensitive, dict) or sensitive is True else {}
            )
            yield _change(address, entry.address, side, entry.provider_name)


def _configured(block: str, modules: Modules) -> Change | None:
    """Return a data source of which the configuration section alone tells: its constants, the rest unknown."""
    address = parse(block)
    found = modules.data_block(address) if address else None
    if address is None or found is None:
        return None
    expressions = found.all_expressions()
    values = {name: _constants(part) for name, part in expressions.items()}
    unknown = {name: True for name, part in expressions.items() if isinstance(part, dict) and "references" in part}
    return _change(address, block, Side(values, unknown), None)


def _constants(expression: Json) -> Json:
    if isinstance(expression, list):
        return [_constants(part) for part in expression]
    if not isinstance(expression, dict) or "references" in expression:
        return None
    if "constant_value" in expression:
        return expression["constant_value"]
    return {name: _constants(part) for name, part in expression.items()}


def _change(address: Address, text: str, side: Side, provider: str | None) -> Change:
    return Change(
        address=text,
        type=PREFIX + address.type,
        name=address.name,
        action=Action.NO_OP,
        before=side,
        after=side,
        module=address.module,
        index=key_value(address.key),
        provider=short_name(provider, address.type),
    )
