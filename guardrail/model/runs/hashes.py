"""What a verdict was made from, as SHA-256: two runs with the same hashes come to the same verdict."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.model.money import plain
from guardrail.model.runs.input import Input, InputKind

if TYPE_CHECKING:
    from guardrail.model.report import ProjectReport, Report

_APART = frozenset({InputKind.PLAN, InputKind.RULES, InputKind.CATALOG, InputKind.WORKFLOW})
"""Files that are hashed by what they mean: plans by project, rules by id, prices by vendor. A workflow decides nothing."""


class Hashes(Struct, frozen=True):
    """The parts of a run that decide its verdict, each by its hash.

    engine    the CEL engine and its version: "cel-expr-python 0.1.2"
    version   of guardrail
    rules     by id, each as it is in force: with the values that guardrail.yaml and packs set
    catalog   by vendor, the price file
    files     by kind (`settings`, `usage`, `waivers`, ...), all files of the kind together
    plans     by project, the plan's JSON; a project that is a folder of configuration has its files in `files`
    verdict   what came of it, as a result tells it; "" where that is not written yet
    """

    engine: str
    version: str
    rules: Mapping[str, str] = field(default_factory=dict)
    catalog: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""

    @property
    def rule_set(self) -> str:
        """All rules together."""
        return hashed(f"{name} {one}" for name, one in sorted(self.rules.items()))

    def with_inputs(self, inputs: Iterable[Input]) -> Hashes:
        """Return them with the files that a run has listed."""
        by_kind: dict[str, list[Input]] = {}
        for one in inputs:
            if one.kind not in _APART and one.sha256:
                by_kind.setdefault(one.kind.value, []).append(one)
        return replace(self, files={kind: _together(found) for kind, found in by_kind.items()})

    def differing(self, other: Hashes) -> tuple[str, ...]:
        """Name what differs between two runs: `rule required-tags`, `catalog aws`, `usage`, `plan shop`, `engine`."""
        found = [name for name in ("engine", "version") if getattr(self, name) != getattr(other, name)]
        for word, mine, others in (
            ("rule", self.rules, other.rules),
            ("catalog", self.catalog, other.catalog),
            ("", self.files, other.files),
            ("plan", self.plans, other.plans),
        ):
            names = sorted(mine.keys() | others.keys())
            found += [f"{word} {name}".strip() for name in names if mine.get(name) != others.get(name)]
        return tuple(found)


def joined(several: Sequence[Hashes | None], inputs: Iterable[Input]) -> Hashes | None:
    """Return the hashes of results as one; None where one tells none, or where they were not judged by the same."""
    first = several[0]
    if first is None or any(one is None or _judged_by(one) != _judged_by(first) for one in several):
        return None
    plans = {name: sha for one in several if one for name, sha in one.plans.items()}
    return replace(first, plans=plans, verdict="").with_inputs(inputs)


def _together(files: Sequence[Input]) -> str:
    """Return the hash of files. Of several, it tells which is which by how they lie to each other, wherever that is."""
    if len(files) == 1:
        return hashed([files[0].sha256])
    try:
        above = posixpath.commonpath([posixpath.dirname(one.path) for one in files])
    except ValueError:  # some lie in the repository, and some elsewhere
        above = ""
    return hashed(sorted(f"{one.path.removeprefix(above)} {one.sha256}" for one in files))


def _judged_by(one: Hashes) -> Hashes:
    return replace(one, files={}, plans={}, verdict="")


def hashed(texts: Iterable[str]) -> str:
    """Return the SHA-256 of lines, as hexadecimal digits."""
    return sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def verdict_hash(report: Report) -> str:
    """Return the hash of what the rules of a run have found, and of its amounts, in an order of their own.

    What is said of waivers, of files and of what is recommended is no rule's, and depends on what else is in the run.
    """
    rules = frozenset(report.rules)
    found = (one for one in report.all_findings if one.rule in rules)
    texts = (repr((one.project, one.rule, one.subject, one.status.value, one.blocking, one.message)) for one in found)
    return hashed([*sorted(texts), *map(_amounts, sorted(report.projects, key=lambda one: one.name))])


def _amounts(project: ProjectReport) -> str:
    sums = project.totals
    return repr((project.name, plain(sums.monthly_before), plain(sums.monthly_cost), sums.unpriced))
