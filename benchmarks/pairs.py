"""Compare what configuration folders evaluate to with the plans that Terraform made of them.

    python benchmarks/pairs.py FOLDER [--show 40]

FOLDER is searched for plan JSON that belongs to configuration: `x.json` or `x.tfplan.json` beside `x.tf`, else in the
same folder as it, else one folder below. The variables are those of the plan. Of every resource that a plan creates and
that the folder has too, each value that the folder says is known is compared with the plan's `after`: objects by the keys
that the folder knows, lists also without order, since JSON does not tell a set from a list, and texts of JSON by what they
say. What the folder has as null is not set there, so that it is the provider's to say: it is counted for itself where the
plan has something else, and so are the ways in which providers rewrite what is given to them (regions and names in
lower case, hashed user data, a final dot or line break). A plan that is mostly of other resources was made of another configuration: it is left out and counted.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guardrail.errors import InputError
from guardrail.model.unknown import Unknown, with_unknowns
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.options import Choices

Document = dict[str, Any]

_LARGEST_PLAN = 20_000_000


@dataclass
class Figures:
    """What was counted: pairs by what became of them, resources, and values by how they compare."""

    pairs: Counter[str] = field(default_factory=Counter)
    resources: int = 0
    values: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)


def plans(folder: Path) -> Iterator[tuple[Path, Document]]:
    """Yield the plans of a folder that create something."""
    for path in sorted(folder.rglob("*.json")):
        if not path.is_file() or path.stat().st_size > _LARGEST_PLAN:
            continue
        try:
            document = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(document, dict) and document.get("planned_values") and created(document):
            yield path, document


def created(document: Document) -> dict[str, Document]:
    """Return the changes of the resources that a plan creates, by address."""
    changes = document.get("resource_changes") or []
    return {
        one["address"]: one["change"]
        for one in changes
        if one.get("mode", "managed") == "managed" and one["change"]["actions"] == ["create"]
    }


def configuration_of(plan: Path, scratch: Path) -> Path | None:
    """Return the folder of the configuration that a plan lies with; one file alone is copied to a scratch folder."""
    alone = plan.with_name(plan.name.removesuffix(".json").removesuffix(".tfplan") + ".tf")
    if alone.is_file():
        shutil.copy(alone, scratch)
        return scratch
    return next((folder for folder in (plan.parent, plan.parent.parent) if any(folder.glob("*.tf"))), None)


def compare_pair(path: Path, document: Document, figures: Figures) -> None:
    """Evaluate the configuration of a plan, and count how its values compare."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = configuration_of(path, scratch)
        if folder is None:
            return
        given = {name: one["value"] for name, one in (document.get("variables") or {}).items() if "value" in one}
        values = scratch / "plan.json"
        values.write_text(json.dumps(given))
        variables = values.rename(scratch / "given.tfvars.json")
        try:
            configuration = read_folder(folder, Choices((variables,)))
        except InputError as error:
            figures.pairs["refused"] += 1
            figures.different.append(f"{path}: {error}")
            return
    wanted = created(document)
    have = {change.address: change.after for change in configuration.changes}
    common = sorted(wanted.keys() & have.keys())
    if 2 * len(common) <= len(wanted):
        figures.pairs["of another configuration"] += 1
        return
    figures.pairs["compared"] += 1
    figures.resources += len(common)
    for address in common:
        side = have[address]
        if side is None:
            continue
        later = wanted[address].get("after_unknown") or {}
        for name in sorted({*side.values, *side.unknown} - {"id"}):
            theirs = with_unknowns((wanted[address]["after"] or {}).get(name), later.get(name), name)
            for at, outcome, mine, other in _compared(name, side.get(name), theirs):
                figures.values[outcome] += 1
                if outcome == "different":
                    figures.different.append(f"{path}: {address}.{at}: {mine!r:.200} is {other!r:.200} in the plan")


def _compared(at: str, mine: Any, theirs: Any) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield each value with its place, how it compares, and both sides."""
    if (_has_unknown(mine) and isinstance(theirs, Unknown)) or isinstance(mine, Unknown):
        yield at, "unknown", mine, theirs
    elif isinstance(mine, dict) and mine and isinstance(theirs, dict):
        for key, part in mine.items():
            yield from _compared(f"{at}.{key}", part, theirs.get(key))
    elif isinstance(mine, list) and mine and isinstance(theirs, list) and len(mine) == len(theirs):
        for place, (part, other) in enumerate(zip(mine, _in_order_of(mine, theirs), strict=True)):
            yield from _compared(f"{at}.{place}", part, other)
    else:
        yield at, _outcome(mine, theirs), mine, theirs


def _in_order_of(mine: list[Any], theirs: list[Any]) -> list[Any]:
    """Return the plan's elements, each at the place of the one of ours that it agrees with, where there is one."""
    left, found = list(theirs), dict[int, Any]()
    for place, part in enumerate(mine):
        if (other := next((one for one in left if _agrees(part, one)), None)) is not None:
            left.remove(other)
            found[place] = other
    return [found[place] if place in found else left.pop(0) for place in range(len(mine))]


def _agrees(mine: Any, theirs: Any) -> bool:
    return all(outcome != "different" for _, outcome, _, _ in _compared("", mine, theirs))


def _has_unknown(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, Unknown) or any(map(_has_unknown, parts))


def _outcome(mine: Any, theirs: Any) -> str:
    if mine == theirs and isinstance(mine, bool) == isinstance(theirs, bool):
        return "equal"
    if mine is None:
        return "not set"
    if isinstance(mine, str) and isinstance(theirs, str):
        with contextlib.suppress(ValueError):
            if json.loads(mine) == json.loads(theirs):
                return "equal"
        if theirs == hashlib.sha1(mine.encode()).hexdigest() or _plain(mine) == _plain(theirs):  # noqa: S324
            return "rewritten by the provider"
    return "different"


def _plain(text: str) -> str:
    return text.lower().replace(" ", "").strip("\n.")


def main() -> None:
    """Compare all pairs of a folder, and print the figures and the first differences."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--show", type=int, default=40, help="how many differences to print")
    given = arguments.parse_args()
    figures = Figures()
    for path, document in plans(given.folder):
        compare_pair(path, document, figures)
    print(f"pairs: {dict(figures.pairs)}\nresources: {figures.resources}\nvalues: {dict(figures.values)}")
    for line in figures.different[: given.show]:
        print(line)


if __name__ == "__main__":
    main()
