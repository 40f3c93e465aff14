"""Override files: their blocks are merged into those they override, as Terraform does it.

By type and labels, attribute by attribute; nested blocks of a type take the place of all of that type. The files count
in the order of their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from guardrail.terraform.block_items import items_of
from guardrail.terraform.blocks import Block, SourceFile

_OVERRIDE = re.compile(r"(?:.*_)?override\.(?:tf|tofu)(?:\.json)?", re.DOTALL)
_MERGED = frozenset({"resource", "data", "ephemeral", "module", "variable", "output", "provider", "locals"})


@dataclass(frozen=True)
class Merged:
    """The files of a module with what overrides merged in.

    files    blocks stand where they are written, and say what they come to; those that went into another are gone
    changed  the new text of the files that are not as they were, by name
    left     what could not be merged, and why
    """

    files: tuple[SourceFile, ...]
    changed: Mapping[str, str]
    left: tuple[str, ...] = ()


def merged(texts: Mapping[str, str], files: Mapping[str, SourceFile]) -> Merged:
    """Merge the override files among the files of a module, both by name and in order of names."""
    overrides = [name for name in files if _OVERRIDE.fullmatch(name)]
    if not overrides:
        return Merged(tuple(files.values()), {})
    base = {id(block): block for name in files if name not in overrides for block in files[name].blocks}
    taken: set[int] = set()
    left: list[str] = []
    for override in (block for name in overrides for block in files[name].blocks if block.kind in _MERGED):
        if override.kind == "provider" and not _alias(override) and not _targets(override, base):
            continue  # what is absent is an empty provider block
        taken.add(id(override))
        left += _merge(override, base)
    changed, found = {}, []
    for name, file in files.items():
        pairs = [(block, None if id(block) in taken else base.get(id(block), block)) for block in file.blocks]
        if any(before is not after for before, after in pairs):
            changed[name] = _rewritten(texts[name], pairs)
        found.append(replace(file, blocks=tuple(after for _, after in pairs if after)))
    return Merged(tuple(found), changed, tuple(left))


def _merge(override: Block, base: dict[int, Block]) -> Iterator[str]:
    """Put an override into what it overrides; tell what cannot be done."""
    where = f"{override.file}:{override.line}"
    parts = _names(override) if override.kind == "locals" else [""]
    for part in parts:
        what = ".".join(filter(None, ("local" if part else override.kind, *override.labels, part)))
        targets = _targets(override, base, part)
        if not targets:
            yield f"{where}: there is no {what} that this could override"
            continue
        target = base[targets[0]]
        if bool(target.json) is not bool(override.json):
            yield f"{where}: {what} is not merged into {target.file}:{target.line}, which is written in another syntax"
            continue
        base[targets[0]] = _in_json(target, override, part) if target.json else _in_text(target, override, part)


def _targets(override: Block, base: Mapping[int, Block], local: str = "") -> list[int]:
    return [
        key
        for key, block in base.items()
        if (block.kind, block.labels) == (override.kind, override.labels)
        and (not local or local in _names(block))
        and (override.kind != "provider" or _alias(block) == _alias(override))
    ]


def _names(block: Block) -> list[str]:
    return list(json.loads(block.json)) if block.json else [item.name for item in items_of(block.text)]


def _alias(block: Block) -> str:
    if block.json:
        return str(json.loads(block.json).get("alias", ""))
    return next(
        (item.text.partition("=")[2].strip(' \t"') for item in items_of(block.text) if item.name == "alias"), ""
    )


def _in_text(target: Block, override: Block, local: str) -> Block:
    given = [item for item in items_of(override.text) if not local or item.name == local]
    replaced = {item.name for item in given}
    kept = [item for item in items_of(target.text) if item.name not in replaced]
    head = target.text[: target.text.index("{") + 1]
    return replace(target, text="\n".join([head, *(item.text for item in (*kept, *given)), "}"]))


def _in_json(target: Block, override: Block, local: str) -> Block:
    (body, dynamic), (given, more) = _apart(target), _apart(override)
    given = {local: given[local]} if local else given
    kept = {name: part for name, part in body.items() if name not in more}
    dynamic = {name: part for name, part in dynamic.items() if name not in given} | more
    whole = kept | given | ({"dynamic": dynamic} if dynamic else {})
    return replace(target, json=json.dumps(whole))


def _apart(block: Block) -> tuple[dict[str, object], dict[str, object]]:
    """Return what a block in JSON syntax holds, and what its `dynamic` does."""
    body = json.loads(block.json)
    dynamic = body.pop("dynamic", {})
    parts = dynamic if isinstance(dynamic, list) else [dynamic]
    return body, {name: part for one in parts for name, part in one.items()}


def _rewritten(text: str, pairs: list[tuple[Block, Block | None]]) -> str:
    """Return the text of a file with some of its blocks replaced, or left out."""
    if any(before.json for before, _ in pairs):
        document = json.loads(text)
        for kind in {before.kind for before, _ in pairs}:
            document[kind] = [_nested(after) for _, after in pairs if after and after.kind == kind]
        return json.dumps({kind: blocks for kind, blocks in document.items() if blocks})
    done, at = [], 0
    for before, after in pairs:
        start = text.index(before.text, at)
        done += [text[at:start], after.text if after else ""]
        at = start + len(before.text)
    return "".join([*done, text[at:]])


def _nested(block: Block) -> object:
    body: object = json.loads(block.json)
    for label in reversed(block.labels):
        body = {label: body}
    return body
