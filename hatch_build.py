"""Puts the data that guardrail ships into the wheel: rules, KPIs, definitions and workflows as they are, prices compiled."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA = "guardrail/_data"
COMPILED = {"catalog", "specs"}
"""The parts of pricing/ that the compiled catalog stands for."""


class DataHook(BuildHookInterface[Any]):
    """Fills guardrail/_data. An editable install needs nothing: guardrail/data finds the checkout's folders."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the price files and name what travels. Raises CatalogError for a price file that is wrong."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, self.root)
        from guardrail.catalog import snapshot  # noqa: PLC0415 - it lies in the tree that is being built

        self._folder = Path(tempfile.mkdtemp(prefix="guardrail-build-"))
        compiled = self._folder / "catalog.sqlite"
        snapshot.compile(root / "pricing", compiled)
        included = build_data["force_include"]
        included[str(compiled)] = f"{DATA}/pricing/catalog.sqlite"
        included[str(root / "rules")] = f"{DATA}/rules"
        included[str(root / "kpis")] = f"{DATA}/kpis"
        included[str(root / "examples" / "workflows")] = f"{DATA}/workflows"
        if commit := _release_commit(self.metadata.version):
            (self._folder / "commit").write_text(f"{commit}\n", encoding="ascii")
            included[str(self._folder / "commit")] = f"{DATA}/commit"
        for path in sorted((root / "pricing").iterdir()):
            if path.name not in COMPILED:
                included[str(path)] = f"{DATA}/pricing/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - the interface
        """Remove what was compiled, once it is in the wheel."""
        if version != "editable":
            shutil.rmtree(self._folder)


def _release_commit(version: str) -> str:
    """Return the commit of the release that is being built, so that what `guardrail init` writes can pin to it.

    Only the workflow that runs for the version's tag knows it: the wheel is built from the sdist, which has no git.
    """
    return os.environ.get("GITHUB_SHA", "") if os.environ.get("GITHUB_REF") == f"refs/tags/v{version}" else ""
