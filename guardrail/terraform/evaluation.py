"""What a configuration comes to: tfparse evaluates it, module by module where it stops by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guardrail.errors import InputError
from guardrail.model.unknown import Json
from guardrail.terraform.address import parse, steps
from guardrail.terraform.blocks import Block, Body
from guardrail.terraform.expressions import NotConstantError, attributes, constant
from guardrail.terraform.marks import is_blocks
from guardrail.terraform.configuration.files import shown
from guardrail.terraform.module_tree import FolderTree, Module
from guardrail.terraform.overlay import Overlay

Raw = dict[str, Any]
"""A block as tfparse tells it: attributes, nested blocks, and what it knows of its place."""

_OF_TFPARSE = {"__tfmeta", "__attribute__", "__name__"}
_META = {"source", "version", "count", "for_each", "providers", "depends_on"}


class Evaluation:
    """The blocks of a configuration, evaluated. Raises InputError for what is no valid configuration.

    tfparse evaluates at most 32 module calls of a module. What it leaves out is evaluated from the folder of the module
    that is called, with the inputs that the call comes to; `absent` tells the calls whose outputs it did not have,
    `names` the resources and the calls of each module instance.
    """

    def __init__(self, tree: FolderTree, variables: Mapping[str, Json], workspace: str) -> None:
        self._tree, self._workspace = tree, workspace
        self._resources: defaultdict[tuple[str, str], list[tuple[str, str, Raw]]] = defaultdict(list)
        self._calls: defaultdict[tuple[str, str], dict[str, Raw]] = defaultdict(dict)
        self.providers: dict[tuple[str, str, str], Raw] = {}
        self.absent: set[tuple[str, str]] = set()
        self.names: defaultdict[str, set[str]] = defaultdict(set)
        self._files: dict[tuple[Path, str], str] = {}
        with tempfile.TemporaryDirectory(prefix="guardrail-") as scratch:
            self._overlay = _overlay(tree, Path(scratch).resolve())
            self._evaluate(tree.root, "", variables)

    def resources(self, module: str, block: Block) -> dict[str, Raw]:
        """Return the instances of a resource block by the key that their address spells."""
        found = self._resources.get((module, ".".join(block.labels)), ())
        return {key: raw for key, file, raw in found if file == block.file}

    def calls(self, module: str, name: str) -> dict[str, Raw]:
        """Return the instances of a module call by the key that their address spells."""
        return self._calls.get((module, name), {})

    def _evaluate(self, folder: Path, prefix: str, variables: Mapping[str, Json]) -> None:
        place = self._overlay.at(folder)
        try:
            found = _run(place, variables, self._workspace)
        except InputError as error:
            what = error.what.replace(str(place), str(folder))
            raise InputError(what, where=str(folder), fix=error.fix) from None
        begun: set[str] = set()
        calls: list[tuple[str, str, Raw]] = []
        for kind, blocks in found.items():
            for raw in blocks:
                path = str(raw["__tfmeta"].get("path", ""))
                inside = [so_far for so_far, _, _ in steps(path)]
                if kind == "module":
                    calls.append((path, inside.pop(), raw))
                begun.update(inside)
                self._keep(kind, prefix + path, folder, raw)
        for path, address, raw in calls:
            names = [name for _, name, _ in steps(prefix + path)]
            module = self._tree.module(".".join(names))
            if address not in begun and module and any(file.blocks for file in module.files):
                self._go_on(module, prefix + path, raw)

    def _keep(self, kind: str, path: str, folder: Path, raw: Raw) -> None:
        meta = raw["__tfmeta"]
        file = self._shown(folder, meta.get("filename", ""))
        if kind == "module":
            *above, (_, name, key) = steps(path)
            outer = above[-1][0] if above else ""
            self.names[outer].add(f"module.{name}")
            self._calls[outer, name][key] = raw
        elif kind == "provider":
            self.providers[file, str(meta.get("label")), str(raw.get("alias", ""))] = raw
        elif meta.get("type") == "resource" and (address := parse(path)):
            self.names[address.module].add(address.resource)
            self._resources[address.module, address.resource].append((address.key, file, raw))

    def _shown(self, folder: Path, name: str) -> str:
        if (folder, name) not in self._files:
            self._files[folder, name] = shown(folder / name)
        return self._files[folder, name]

    def _go_on(self, module: Module, address: str, raw: Raw) -> None:
        *above, (_, name, _) = steps(address)
        self.absent.add((above[-1][0] if above else "", name))
        folder = self._tree.path(module.key)
        if folder is None:
            return
        given: dict[str, Json] = {}
        for block in module.blocks("variable"):
            if block.labels[0] in raw:
                given[block.labels[0]] = plain(raw[block.labels[0]])
                continue
            try:
                given.update(
                    {block.labels[0]: constant(body["default"])} if "default" in (body := block.body()) else {}
                )
            except NotConstantError:
                continue
        self._evaluate(folder, f"{address}.", given)


def _overlay(tree: FolderTree, scratch: Path) -> Overlay:
    """Lay out the modules with what override files make of them: tfparse does not merge those."""
    modules = [(module, path) for module in tree.all() if (path := tree.path(module.key))]
    return Overlay([path for _, path in modules], {path: one.changed for one, path in modules if one.changed}, scratch)


def plain(value: Any) -> Json:
    """Return a value without what tfparse says of its place; None where it has none."""
    if isinstance(value, dict):
        if "__attribute__" in value:
            return None
        return {key: plain(part) for key, part in value.items() if key not in _OF_TFPARSE}
    return [plain(part) for part in value] if isinstance(value, list) else value


def values_of(raw: Raw, bodies: list[Body]) -> dict[str, Json]:
    """Return what blocks of these bodies came to: attributes, and nested blocks as lists, as Terraform tells them."""
    found: dict[str, Json] = {}
    nested: defaultdict[str, list[Body]] = defaultdict(list)
    for body in bodies:
        for name, value in attributes(body):
            if name == "dynamic":
                for label, block in _dynamic(value):
                    nested[label] += block if isinstance(block, list) else [block]
            elif is_blocks(value):
                nested[name] += value
            else:
                found[name] = plain(raw.get(name))
    for name, inner in nested.items():
        blocks = raw.get(name)
        listed = blocks if isinstance(blocks, list) else [] if blocks is None else [blocks]
        found[name] = [values_of(block, inner) for block in listed if isinstance(block, dict)]
    return found


def _dynamic(value: Any) -> list[tuple[str, Any]]:
    parts = value if isinstance(value, list) else [value]
    return [(label.strip('"'), block.get("content") or {}) for part in parts for label, block in attributes(part)]


_PROCESS = Path(__file__).with_name("tfparse_process.py")


def _run(folder: Path, variables: Mapping[str, Json], workspace: str) -> dict[str, list[Raw]]:
    with tempfile.TemporaryDirectory(prefix="guardrail-") as scratch:
        file = Path(scratch, "given.tfvars.json")
        file.write_text(json.dumps(variables), encoding="utf-8")
        place = os.path.relpath(file.resolve(), folder.resolve())
        # -P: the modules beside the script must not be taken for others of the same name.
        command = [sys.executable, "-P", str(_PROCESS), str(folder), workspace, place]
        ran = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell, our own script
    if ran.returncode == 0:
        found: dict[str, list[Raw]] = json.loads(ran.stdout)
        return found
    said = ran.stderr.decode("utf-8", "replace").rpartition("guardrail:")
    if said[1] and ran.returncode == 1:
        raise InputError(said[2], where=str(folder), fix="mend the configuration")
    raise InputError("tfparse fails on this configuration", where=str(folder), fix="make a plan, and check that")
