"""Evaluations that need not be made again: a configuration whose files and variables are as they were comes to the same."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.unknown import Json
from guardrail.terraform.memory import key_of, memory
from guardrail.terraform.configuration.files import MANIFEST, SUFFIXES, configuration_files
from guardrail.terraform.module_tree import FolderTree

# Functions that read other files, with the path where it stands there. What it is for the others can only be guessed.
_READS = re.compile(
    r"\b(?:templatefile|file(?:set|exists|base64|md5|sha\d+|base64sha\d+)?|abspath|pathexpand)\s*\("
    r'(?:\s*"\$\{path\.(module|root)\}/([^"$%\\]+)"\s*[,)])?'
)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a configuration came to: a document in the shape of a plan's JSON, and what is missing from it."""

    document: str
    missing: tuple[NotEvaluated, ...]


def evaluated(
    tree: FolderTree, given: Mapping[str, Json], workspace: str, evaluate: Callable[[], Evaluated]
) -> Evaluated:
    """Return what a configuration comes to, from memory where nothing that it depends on has changed.

    What holds sensitive values is not kept; neither is what depends on files that cannot be told.
    """
    key = _key(tree, given, workspace)
    known = memory().recall(key) if key else None
    if known is not None:
        return Evaluated(known["document"], msgspec.convert(known["missing"], tuple[NotEvaluated, ...]))
    found = evaluate()
    if key and not _is_private(found, tree):
        memory().keep(key, {"document": found.document, "missing": msgspec.to_builtins(found.missing)})
    return found


def _key(tree: FolderTree, given: Mapping[str, Json], workspace: str) -> str:
    """Return the key of all that an evaluation reads; "" where that cannot be told."""
    parts = [workspace, json.dumps(given, sort_keys=True, default=str), _digest(tree.root / MANIFEST)]
    for key, folder in tree.folders():
        parts += [key, os.path.relpath(folder, tree.root) if folder else ""]
        for file in configuration_files(folder) if folder else ():
            text = file.read_text(encoding="utf-8", errors="replace")
            others = _read_by(text, folder, tree.root)
            if others is None:
                return ""
            parts += [file.name, text, *map(_digest, others)]
    return key_of("configuration", *parts)


def _read_by(text: str, folder: Path | None, root: Path) -> list[Path] | None:
    """Return the files that functions in a text read; None where that cannot be told."""
    found = []
    for call in _READS.finditer(text):
        if not call[1]:
            return None
        found.append(((folder if call[1] == "module" else None) or root) / call[2])
    return found


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "absent"


def _is_private(found: Evaluated, tree: FolderTree) -> bool:
    """Say whether an evaluation holds what is sensitive, or names files, which are told from where one stands."""
    root = tree.module("")
    if root and any("sensitive" in block.body() for block in root.blocks("variable")):
        return True
    changes: list[dict[str, Any]] = json.loads(found.document)["resource_changes"]
    is_secret = any(_any(change["change"]["after_sensitive"]) for change in changes)
    return is_secret or any(suffix in one.text for one in found.missing for suffix in SUFFIXES)


def _any(mark: Json) -> bool:
    if isinstance(mark, dict):
        return any(map(_any, mark.values()))
    return any(map(_any, mark)) if isinstance(mark, list) else bool(mark)
