"""Override files: their blocks are merged into those they override, as Terraform does it.

By type and labels, attribute by attribute; nested blocks of a type take the place of all of that type. The files count
in the order of their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from guardrail.terraform.language.syntax.nodes import Block, Body, Literal

_OVERRIDE = re.compile(r"(?:.*_)?override\.(?:tf|tofu)(?:\.json)?", re.DOTALL)
_MERGED = frozenset({"resource", "data", "ephemeral", "module", "variable", "output", "provider", "locals"})


def is_override(name: str) -> bool:
    """Return whether a file overrides what others say, by its name."""
    return _OVERRIDE.fullmatch(name) is not None


def merged(bodies: Mapping[str, Body]) -> tuple[list[Block], list[str]]:
    """Return the blocks of a module's files, by name, with overrides merged in, and what could not be merged.

    A merged block keeps the place (file and line) of the one that was overridden.
    """
    blocks = [block for name, body in bodies.items() if not is_override(name) for block in body.blocks]
    unmerged: list[str] = []
    for override in (block for name, body in bodies.items() if is_override(name) for block in body.blocks):
        if override.type not in _MERGED:
            blocks.append(override)
        elif override.type == "provider" and not _alias(override) and not any(_is_like(override, b) for b in blocks):
            blocks.append(override)  # what is absent is an empty provider block
        elif override.type == "locals":
            unmerged += _merge_locals(override, blocks)
        else:
            place = next((place for place, block in enumerate(blocks) if _is_like(override, block)), None)
            if place is None:
                what = ".".join((override.type, *override.labels))
                unmerged.append(f"{override.where}: there is no {what} that this could override")
            else:
                blocks[place] = replace(blocks[place], body=_merged_body(blocks[place].body, override.body))
    return blocks, unmerged


def _is_like(override: Block, block: Block) -> bool:
    return (block.type, block.labels) == (override.type, override.labels) and (
        override.type != "provider" or _alias(block) == _alias(override)
    )


def _alias(block: Block) -> str:
    alias = block.body.attributes.get("alias")
    value = alias.expression.value.raw if alias and isinstance(alias.expression, Literal) else ""
    return value if isinstance(value, str) else ""


def _merge_locals(override: Block, blocks: list[Block]) -> Iterator[str]:
    """Replace local values one by one: a name may be in any `locals` block of the module. Yields what nothing declares."""
    for name, attribute in override.body.attributes.items():
        targets = (
            place for place, block in enumerate(blocks) if block.type == "locals" and name in block.body.attributes
        )
        place = next(targets, None)
        if place is None:
            yield f"{attribute.where}: there is no local.{name} that this could override"
            continue
        body = blocks[place].body
        blocks[place] = replace(blocks[place], body=replace(body, attributes={**body.attributes, name: attribute}))


def _merged_body(base: Body, override: Body) -> Body:
    """Return a body as another one overrides it. In JSON, blocks may look like attributes."""
    replaced = {*override.attributes, *map(_nested_type, override.blocks)}
    attributes = {name: part for name, part in base.attributes.items() if name not in replaced}
    # Terraform merges `lifecycle` argument by argument, unlike other nested blocks, so the base's stays beside it.
    blocks = [block for block in base.blocks if block.type == "lifecycle" or _nested_type(block) not in replaced]
    return replace(base, attributes={**attributes, **override.attributes}, blocks=[*blocks, *override.blocks])


def _nested_type(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type
