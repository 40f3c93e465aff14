"""Provider configurations: which one a resource uses, its region, and the tags that it adds to each resource."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from guardrail.model.unknown import Unknown as ModelUnknown
from guardrail.model.unknown import with_unknowns
from guardrail.terraform.configuration.repetition import Key
from guardrail.terraform.configuration.sides import json_of
from guardrail.terraform.language.blocks import body_values
from guardrail.terraform.language.evaluation import evaluate_or_unknown
from guardrail.terraform.language.references import static_path
from guardrail.terraform.language.scope import LimitError, Scope
from guardrail.terraform.language.syntax.nodes import Access, Block, Expression, Splat, Variable
from guardrail.terraform.language.values import Value
from guardrail.terraform.plan.providers import NO_DEFAULT_TAGS, DefaultTags, region_said

if TYPE_CHECKING:
    from guardrail.terraform.configuration.module_instance import ModuleInstance

_META = frozenset({"alias", "version", "for_each"})


class ProviderConfiguration(Struct, eq=False, dict=True):
    """A provider block, evaluated. `key` tells it from others: "aws.eu", "module.a:aws"."""

    key: str
    name: str
    block: Block
    scope: Scope
    module: ModuleInstance

    @cached_property
    def _evaluated(self) -> Mapping[str, Value]:
        with self.module.evaluating(f"provider.{self.key}", self.block.where):
            return body_values(self.block.body, self.scope, leave_out=_META)

    @property
    def values(self) -> Mapping[str, Value]:
        """What the block sets; nothing while that is being evaluated."""
        try:
            return self._evaluated
        except LimitError:
            # The block reads what asks for it in turn, as with region = data.aws_region.current.name.
            return {}

    @cached_property
    def region(self) -> str | None:
        """The region, or that of the zone; None where neither is said, or known."""
        said = (self.values.get(name) for name in ("region", "zone"))
        region, zone = (value.raw if value is not None else None for value in said)
        return region_said(self.name, region, zone)

    @cached_property
    def default_tags(self) -> DefaultTags:
        """The `default_tags`, or Google's `default_labels`."""
        name, value = "default_labels", self.values.get("default_labels")
        if (blocks := self.values.get("default_tags")) is not None:
            name, value = "default_tags", _tags_in_block(blocks)
        if value is None or value.is_null:
            return NO_DEFAULT_TAGS
        told, mark, secret = json_of(value)
        tags = with_unknowns(told, mark, "tags")
        origin = f"{name} of provider {self.key}"
        if isinstance(tags, ModelUnknown):
            return DefaultTags(unknown=tags, origin=origin)
        if secret is True:  # the whole map is sensitive, its keys too
            return DefaultTags(unknown=ModelUnknown("tags", "sensitive", None), origin=origin)
        hidden = secret if isinstance(secret, dict) else {}
        shown = {
            key: ModelUnknown(f"tags.{key}", "sensitive", None) if hidden.get(key) else part
            for key, part in (tags if isinstance(tags, dict) else {}).items()
        }
        return DefaultTags(shown, origin=origin)


def _tags_in_block(blocks: Value) -> Value | None:
    """Return `tags` of the one `default_tags` block, which a schema makes a list, and JSON syntax may leave an object."""
    if blocks.is_unknown:
        return blocks
    block = blocks.raw[0] if isinstance(blocks.raw, tuple) and blocks.raw else blocks
    if block.is_unknown:
        return block
    found: Value | None = block.raw.get("tags") if isinstance(block.raw, dict) else None
    return found


def provider_reference(expression: Expression, scope: Scope) -> tuple[str, str, Key] | None:
    """Return name, alias and key of a reference to a provider configuration: `aws`, `aws.eu`, `aws.by[each.key]`.

    Alias "" and key None stand for none. None for what is no such reference.
    """
    path = static_path(expression)
    if path:
        key = path[2] if path[2:] else None
        return str(path[0]), str(path[1]) if path[1:] else "", key
    if isinstance(expression, Access) and isinstance(expression.origin, Variable):
        # OpenTofu's instances of a provider: aws.by_region[each.key]. The key is the one thing that is evaluated.
        first, *rest = expression.steps
        if (
            isinstance(first, str)
            and len(rest) == 1
            and not isinstance(rest[0], str)
            and not isinstance(rest[0], Splat)
        ):
            key = evaluate_or_unknown(rest[0], scope).raw
            return expression.origin.name, first, key if isinstance(key, str | int) else None
    return None


class FolderProviders:
    """The provider configurations that the resources of a configuration use, by key."""

    def __init__(self) -> None:
        self._found: dict[str, ProviderConfiguration] = {}

    def add(self, configuration: ProviderConfiguration) -> None:
        """Add a configuration that a resource uses."""
        self._found[configuration.key] = configuration

    def region(self, key: str) -> str | None:
        """Return the region of the configuration with this key; None if the environment says it."""
        return self._found[key].region if key in self._found else None

    def common_region(self, name: str) -> str | None:
        """Return the region on which all configurations of a provider agree."""
        regions = {one.region for one in self._found.values() if one.name == name}
        return regions.pop() if len(regions) == 1 else None

    def default_tags(self, key: str) -> DefaultTags:
        """Return what the configuration with this key adds to the tags of its resources."""
        return self._found[key].default_tags if key in self._found else NO_DEFAULT_TAGS
