"""Provider configurations: which one a resource uses, its region, and the tags that it adds to each resource."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.model.unknown import Json, Unknown
from guardrail.terraform.plan.json.document import Configuration, ProviderConfig
from guardrail.terraform.plan.json.modules import ModuleInstance, Modules

_AWS_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")


class DefaultTags(Struct, frozen=True):
    """What a provider adds to the tags of its resources; `origin` says where that is written."""

    values: Mapping[str, Json] = field(default_factory=dict)
    unknown: Unknown | None = None
    origin: str = ""


NO_DEFAULT_TAGS = DefaultTags()


def short_name(provider_name: str | None, type_name: str) -> str:
    """Return "aws" for "registry.terraform.io/hashicorp/aws", for 0.12's "aws" and "aws.peer", and for an aws_ type."""
    last = (provider_name or "").rpartition("/")[2].partition(".")[0]
    return last or type_name.partition("_")[0]


class ProviderConfigurations(Protocol):
    """What the provider configurations of a plan, or of a folder, say. Keys are as `provider_config_key` in a plan."""

    def region(self, key: str) -> str | None:
        """Return the region of a configuration; None where it is not told."""

    def common_region(self, name: str) -> str | None:
        """Return the region on which all configurations of a provider agree."""

    def default_tags(self, key: str) -> DefaultTags:
        """Return what a configuration adds to the tags of its resources."""


class Providers:
    """Evaluates the provider configurations of a plan, each once."""

    def __init__(self, configuration: Configuration | None, modules: Modules) -> None:
        self._modules = modules
        self._configs = (configuration.provider_config if configuration else None) or {}
        self._regions: dict[str, str | None] = {}
        self._default_tags: dict[str, DefaultTags] = {}

    def region(self, key: str) -> str | None:
        """Return the region of the configuration with this key; None if the environment says it, or the JSON does not."""
        if key not in self._regions:
            found = self._own_or_inherited(key)
            if found:
                self._regions[key] = self._region_of(found[1])
            else:
                # A module's alias that the JSON does not trace: whatever was passed, the regions may be all the same.
                name = key.rpartition(":")[2].partition(".")[0]
                self._regions[key] = self.common_region(name) if re.search(r"[:.]", key) else None
        return self._regions[key]

    def common_region(self, name: str) -> str | None:
        """Return the region on which all configurations of a provider agree."""
        regions = {self._region_of(config) for config in self._configs.values() if config.name == name}
        return regions.pop() if len(regions) == 1 else None

    def default_tags(self, key: str) -> DefaultTags:
        """Return the `default_tags` (or Google's `default_labels`) of the configuration with this key."""
        if key not in self._default_tags:
            found = self._own_or_inherited(key)
            self._default_tags[key] = self._tags_of(*found) if found else NO_DEFAULT_TAGS
        return self._default_tags[key]

    def _own_or_inherited(self, key: str) -> tuple[str, ProviderConfig] | None:
        """Find the configuration of a module, or the one that it inherits: module.a.module.b:aws, module.a:aws, aws.

        An empty block in a module only says that a configuration is passed or inherited.
        """
        module, _, name = key.rpartition(":")
        while module:
            config = self._configs.get(f"{module}:{name}")
            if config and config.expressions:
                return f"{module}:{name}", config
            module = re.sub(r"(^|\.)(module\.)?[^.]+$", "", module)
        config = self._configs.get(name)
        return (name, config) if config else None

    def _region_of(self, config: ProviderConfig) -> str | None:
        expressions = config.expressions or {}
        region, zone = (
            self._modules.value(expressions.get(name), self._instance_of(config)) for name in ("region", "zone")
        )
        return region_said(config.name, region, zone)

    def _tags_of(self, key: str, config: ProviderConfig) -> DefaultTags:
        expressions = config.expressions or {}
        # `default_tags` of AWS is a block with `tags` in it, `default_labels` of Google a map.
        blocks = expressions.get("default_tags") or []
        block = blocks[0] if isinstance(blocks, list) and blocks else blocks
        expression = block.get("tags") if isinstance(block, dict) else None
        name = "default_tags" if expression else "default_labels"
        tags = self._modules.value(expression or expressions.get("default_labels"), self._instance_of(config))
        origin = f"{name} of provider {key}"
        if isinstance(tags, Unknown):
            return DefaultTags(unknown=replace(tags, path="tags"), origin=origin)
        return DefaultTags(tags if isinstance(tags, dict) else {}, origin=origin)

    def _instance_of(self, config: ProviderConfig) -> ModuleInstance:
        return self._modules.instance(config.module_address or "") or self._modules.root


def region_said(provider: str | None, region: Json, zone: Json) -> str | None:
    """Return the region that the `region` of a provider configuration says, else its `zone`."""
    if isinstance(region, str):
        # A plan's template such as "${var.country}-west-1" looks as if it were the variable alone.
        return region if provider != "aws" or _AWS_REGION.fullmatch(region) else None
    return region_of_zone(zone) if isinstance(zone, str) else None


@lru_cache(maxsize=1024)
def region_of_zone(zone: str) -> str | None:
    """Return the region of a zone: us-central1 for us-central1-a, us-east-1 for us-east-1a and us-east-1-bos-1a."""
    found = re.match(r"[a-z]+-[a-z]+\d+(?=-[a-z]$)|[a-z]{2,4}(-[a-z]+)+-\d+(?=[a-z]$|-)", zone)
    return found[0] if found else None
