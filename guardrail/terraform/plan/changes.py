"""From the resources of a plan, or of a folder of configuration, to their changes: with region, tags and references."""

from __future__ import annotations

from collections.abc import Mapping

from guardrail.model.resource import Change, ids_of
from guardrail.terraform.address import Address
from guardrail.terraform.plan.effective_tags import effective_tags, is_taggable
from guardrail.terraform.plan.json.entries import Entry, index_of
from guardrail.terraform.plan.providers import ProviderConfigurations
from guardrail.terraform.plan.regions import Located, Regions
from guardrail.terraform.plan.separate_resources import SeparateResources


def changes_of(
    found: Mapping[str, Entry],
    located: Mapping[str, Located],
    providers: ProviderConfigurations,
    data: Mapping[str, Located],
) -> tuple[Change, ...]:
    """Return the changes of resources, in their order. The first two mappings have the same addresses as keys.

    `data` are data sources that resources mention, which may tell where something lies.
    """
    separate = SeparateResources(located)
    located = {text: separate.without(text, one) for text, one in located.items()}
    regions = Regions({**data, **located}, providers)
    return tuple(_change(text, entry, located[text], regions, providers) for text, entry in found.items())


def _change(text: str, entry: Entry, located: Located, regions: Regions, providers: ProviderConfigurations) -> Change:
    address: Address = entry.address
    # Tags before are as they were applied: defaults that the provider has now say nothing of them.
    defaults = providers.default_tags(located.provider_key)
    before, after = located.before, located.after
    before_tags = effective_tags(address.type, entry.provider, before)
    # Where nothing is added, not even by the provider, nothing is said of where it comes from.
    adds_nothing = not (defaults.values or defaults.unknown or before_tags.defaults)
    is_same = before and after and adds_nothing and after.is_as(before)
    return Change(
        address=text,
        type=address.type,
        name=address.name,
        action=entry.action,
        before=before,
        after=after,
        module=address.module,
        index=index_of(entry),
        provider=entry.provider,
        provider_config=located.provider_key,
        region=regions.after(text),
        before_region=regions.before(text),
        tags=before_tags if is_same else effective_tags(address.type, entry.provider, after, defaults),
        before_tags=before_tags,
        taggable=is_taggable(address.type, entry.provider, before, after),
        references=located.references,
        through_locals=located.through_locals,
        previous_address=entry.previous_address,
        importing=entry.importing,
        ids=ids_of(entry.provider, before, after),
    )
