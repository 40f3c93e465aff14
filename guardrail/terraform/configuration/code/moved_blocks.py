"""`moved` and `removed` blocks of a configuration."""

from __future__ import annotations

from guardrail.terraform.configuration.code.modules import FolderModules
from guardrail.terraform.language.syntax.nodes import Block, Literal
from guardrail.terraform.plan.json.moves import Moves, Segments, segments


def moves_of(modules: FolderModules) -> Moves:
    """Read the blocks of all modules of a configuration."""
    blocks = [
        (tuple(f"module.{name}" for name in key.split(".") if name), block)
        for key, _ in modules.folders()
        if (code := modules.module(key))
        for block in code.blocks
        if block.type in {"moved", "removed"}
    ]
    moved = [(calls, _target(block, "from"), _target(block, "to")) for calls, block in blocks if block.type == "moved"]
    forgotten = [(calls, _target(block, "from")) for calls, block in blocks if _is_forgotten(block)]
    return Moves(tuple(one for one in moved if all(one[1:])), tuple(one for one in forgotten if one[1]))


def _target(block: Block, name: str) -> Segments:
    attribute = block.body.attributes.get(name)
    if attribute is None:
        return ()
    expression = attribute.expression
    # In JSON syntax an address is a string, which some write as a template: "${aws_instance.a}".
    text = expression.value.raw if isinstance(expression, Literal) else expression.text
    return segments(text.removeprefix("${").removesuffix("}")) if isinstance(text, str) else ()


def _is_forgotten(block: Block) -> bool:
    # A `removed` block destroys unless it says `lifecycle { destroy = false }`: only then does the resource live on.
    inner = next(block.body.blocks_of("lifecycle"), None) if block.type == "removed" else None
    destroy = inner.body.attributes.get("destroy") if inner else None
    return destroy is not None and isinstance(destroy.expression, Literal) and destroy.expression.value.raw is False
