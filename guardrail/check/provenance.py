"""Lists every file that a verdict depends on, and says of each whether the change that is judged has written it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from guardrail import git
from guardrail.catalog.store import current_catalog
from guardrail.config import Settings, Source
from guardrail.files.digest import digest_of, lasting_digest_of
from guardrail.model.runs.hashes import Hashes
from guardrail.model.runs.input import Input, InputKind, Origin
from guardrail.paths import followed
from guardrail.policy import fetched_files, is_within
from guardrail.terraform.configuration.code.files import (
    INLINE_WAIVER,
    MANIFEST,
    configuration_files,
    holds,
    is_configuration,
    shown,
)
from guardrail.terraform.configuration.code.roots import has_work, root_modules
from guardrail.terraform.configuration.variable_files import is_variables, variable_files
from guardrail.terraform.footprint import Footprint, footprints, of_root

_WORKFLOWS = (
    *(".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", "azure-pipelines.yml"),
    *("bitbucket-pipelines.yml", ".circleci/config.yml", "Jenkinsfile", "atlantis.yaml", ".pre-commit-config.yaml"),
)
_RUNS_US = re.compile(rb"\bguardrail\b")
_INLINE_WAIVER = re.compile(re.escape(INLINE_WAIVER).encode())
_RULES, _DEFINITIONS = (".yaml", ".yml"), (".toml",)
_LARGE = 1_000_000  # bytes of a workflow


class Checkout:
    """The working tree of a run, and what in it is not as it was at the base.

    `base` is a revision, "" where nothing tells one (as an attribute: the commit that the change started from); `policy` the folder that another commit was written to, which is
    what the run took its policy from.
    """

    def __init__(self, folder: Path, base: str, policy: Path | None = None) -> None:
        self.top = git.top_of(folder)
        self._policy = policy
        self._is_compared = bool(base and self.top)
        self._tracked = git.tracked(self.top) if self.top else frozenset()
        self.base = git.merge_base(self.top, base) if base and self.top else ""
        self.edited = git.differing(self.top, self.base) if self.base and self.top else frozenset()

    def origin(self, path: Path) -> Origin:
        """Say who has written a file. What a link of the change leads to, or what lies below one, is the change's."""
        if self._policy and followed(path).is_relative_to(self._policy):
            return Origin.BASE
        names = git.names_of(self.top, path) if self.top else frozenset()
        if not names.isdisjoint(self.edited):
            return Origin.CHANGE
        if names.isdisjoint(self._tracked):
            return Origin.OUTSIDE
        return Origin.BASE if self._is_compared else Origin.NOT_KNOWN

    def name(self, path: Path) -> str:
        """Return how a file is called: from the top of the repository where it lies in it, else as it is shown."""
        if self._policy and followed(path).is_relative_to(self._policy):
            return followed(path).relative_to(self._policy).as_posix()
        return (git.name_of(path, self.top) if self.top else "") or shown(path)


def inputs_of(settings: Settings, checkout: Checkout, looked: Iterable[Path] = ()) -> tuple[Input, ...]:
    """Return every file that a run with these settings depends on, by kind and path.

    `looked` are those that its configuration has looked at, as by `file` and `templatefile`.
    """
    read = ((InputKind.CONFIGURATION, path) for path in looked if path.is_file())
    found = dict.fromkeys((*policy(settings), *_workflows(checkout), *subjects(settings), *read))
    listed = [Input(checkout.name(path), kind, checkout.origin(path), _digest(kind, path)) for kind, path in found]
    listed += _approvals(settings, checkout)
    order = list(InputKind)
    return tuple(sorted(dict.fromkeys(listed), key=lambda one: (order.index(one.kind), one.path)))


def _digest(kind: InputKind, path: Path) -> str:
    return lasting_digest_of(path) if kind is InputKind.CATALOG else digest_of(path)


def policy_hashes(settings: Settings) -> dict[str, str]:
    """Return the hashes of the files that a run judges by, by kind, as `Hashes.files` has them."""
    found = dict.fromkeys(policy(settings))
    listed = (Input(path.absolute().as_posix(), kind, Origin.NOT_KNOWN, digest_of(path)) for kind, path in found)
    return dict(Hashes("", "").with_inputs(listed).files)


def uncovered(settings: Settings, checkout: Checkout) -> list[Path]:
    """Return files of root modules that the change adds or edits and that no project of the configuration is for.

    One file a folder. A plan is for the root module that it names as its source, else for the one that it lies beside.
    """
    if checkout.top is None or not (settings.projects or _is_whole(settings, checkout)):
        return []
    folders: dict[Path, Path] = {}
    for name in sorted(checkout.edited):
        path = checkout.top / name
        parts = PurePosixPath(name).parent.parts
        is_hidden = any(part.startswith(".") for part in parts)
        if is_configuration(path.name) and path.is_file() and not is_hidden and settings.not_roots.isdisjoint(parts):
            folders.setdefault(path.parent, path)
    if not folders:
        return []
    covered = [part for one in (settings.projects or settings.sources) for part in _covered(one)]
    folders = {
        folder: file for folder, file in folders.items() if not any(part.has(followed(file)) for part in covered)
    }
    called = [part for folder in folders if has_work(folder) for part in footprints(folder)]
    return [
        file
        for folder, file in folders.items()
        if has_work(folder) and not any(part.path != folder and part.has(followed(file)) for part in called)
    ]


def _covered(source: Source) -> Iterator[Footprint]:
    """Give the root modules that an input is for."""
    given = Path(source.plan)
    if source.configuration:
        yield from map(of_root, root_modules(source.configuration))
    elif not given.exists():  # the job of another project makes it
        yield of_root(given.parent)
    else:
        for part in footprints(given, source.choices):
            yield of_root(part.path.parent) if part.is_plan else part


def _is_whole(settings: Settings, checkout: Checkout) -> bool:
    """Say whether a run without projects is over the whole repository."""
    return any(followed(Path(source.plan)) == checkout.top for source in settings.sources if source.plan != "-")


def policy(settings: Settings) -> Iterator[tuple[InputKind, Path]]:
    """Give the files that a run judges by, but for approvals."""
    single = (
        (InputKind.SETTINGS, settings.config_file),
        (InputKind.WAIVERS, settings.waivers),
        (InputKind.OVERLAY, settings.overlay),
        (InputKind.RATES, settings.rates),
        (InputKind.SNAPSHOT, settings.snapshot),
        (InputKind.CATALOG, settings.catalog or current_catalog()),
        *((InputKind.USAGE, source.usage) for source in settings.sources),
    )
    yield from ((kind, path) for kind, path in single if path and path.is_file())
    yield from (
        (InputKind.RULES, path) for name in settings.rules.paths for path in _below(settings.base / name, _RULES)
    )
    yield from ((InputKind.RULES, path) for path in _packs(settings))
    of_params = (name for one in settings.rules.set.values() for name in one.params_from.values())
    yield from ((InputKind.RULES, path) for path in map(settings.base.joinpath, of_params) if path.is_file())
    yield from ((InputKind.DEFINITIONS, path) for name in settings.definitions for path in _below(name, _DEFINITIONS))


def _approvals(settings: Settings, checkout: Checkout) -> list[Input]:
    """Return the approvals file as it was read: of a change as it is at the base, whatever the change makes of it."""
    file, at = settings.approvals_file, settings.approvals_at
    if file is None:
        return []
    name = git.name_of(file, at.top) if at and at.top else ""
    if at is None or (at.top and not name):
        return (
            [Input(checkout.name(file), InputKind.APPROVALS, checkout.origin(file), digest_of(file))]
            if file.is_file()
            else []
        )
    try:
        text = git.text_of(at.top, at.base, name) if at.top and at.base else b""
    except git.Missing:
        return []
    return [Input(name, InputKind.APPROVALS, Origin.BASE, hashlib.sha256(text).hexdigest())] if text else []


def _packs(settings: Settings) -> list[Path]:
    """Return guardrail.lock and all files of packs from elsewhere, fetched or read where they lie."""
    sources, base = settings.rules.sources, settings.base
    top = settings.top
    folders = [
        base / one.folder / one.subfolder
        for one in sources.values()
        if one.folder is not None and is_within(base / one.folder, top)
    ]
    lying = [path for folder in folders for path in _below(folder, _RULES)]
    return [*lying, *fetched_files(base, sources)] if sources else []


def _below(place: Path, suffixes: tuple[str, ...]) -> list[Path]:
    found = place.rglob("*") if place.is_dir() else [place]
    return sorted(path for path in found if path.suffix in suffixes and path.is_file())


def _workflows(checkout: Checkout) -> Iterator[tuple[InputKind, Path]]:
    """Give the files that have guardrail run."""
    for path in (path for pattern in _WORKFLOWS for path in (checkout.top.glob(pattern) if checkout.top else ())):
        if path.is_file() and path.stat().st_size < _LARGE and _RUNS_US.search(path.read_bytes()):
            yield InputKind.WORKFLOW, path


def subjects(settings: Settings) -> Iterator[tuple[InputKind, Path]]:
    """Give what is judged: plans, configuration, variables, and the waivers in comments there."""
    for source in settings.sources:
        if source.plan == "-" or not Path(source.plan).exists():
            continue
        for part in footprints(Path(source.plan), source.choices, proposed=settings.policy_folder is not None):
            yield from _plan(part, source, settings) if part.is_plan else _configuration(part, source, settings)
    if settings.compare_with and Path(settings.compare_with).is_file():
        yield InputKind.COMPARED, Path(settings.compare_with)


def _plan(part: Footprint, source: Source, settings: Settings) -> Iterator[tuple[InputKind, Path]]:
    yield InputKind.PLAN, part.path
    beside = source.configuration or part.path.parent
    if settings.inline_waivers and configuration_files(beside):
        yield from (
            (kind, file) for kind, file in _files(_modules(beside), settings) if kind is InputKind.INLINE_WAIVERS
        )


def _configuration(part: Footprint, source: Source, settings: Settings) -> Iterator[tuple[InputKind, Path]]:
    root = part.path
    yield from _files(part.folders, settings)
    if source.choices.terragrunt:
        others = (file for file in sorted(part.files) if file.is_file())
        yield from (
            (InputKind.VARIABLES if is_variables(file.name) else InputKind.CONFIGURATION, file) for file in others
        )
    yield from ((InputKind.VARIABLES, file) for file in variable_files(root, source.choices) if file.is_file())
    if (root / MANIFEST).is_file():
        yield InputKind.MANIFEST, root / MANIFEST


def _modules(root: Path) -> frozenset[Path]:
    from guardrail.terraform.configuration.code.modules import FolderModules  # noqa: PLC0415 - loads the parser

    return frozenset(folder for _, folder in FolderModules(root).folders() if folder)


def _files(folders: Iterable[Path], settings: Settings) -> Iterator[tuple[InputKind, Path]]:
    for folder in sorted(folders):
        for file in configuration_files(folder):
            yield InputKind.CONFIGURATION, file
            if settings.inline_waivers and holds(file, _INLINE_WAIVER):
                yield InputKind.INLINE_WAIVERS, file
