"""Configuration against its base: what a change to it creates, updates and deletes, told without a plan."""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Self

from msgspec.structs import replace

from guardrail import git
from guardrail.errors import InputError
from guardrail.model.plan.not_evaluated import joined
from guardrail.model.resource import NO_TAGS, Action, Change
from guardrail.paths import followed
from guardrail.terraform.configuration.code.files import MANIFEST, is_configuration
from guardrail.terraform.inputs import NO_CONFIGURATION, PLAN_NAMES, NoConfigurationError, read_plans
from guardrail.terraform.options import Choices
from guardrail.terraform.plan.reader import Plan, unread


class Base:
    """What configuration folders are compared with: a folder or a plan, or what git calls a commit.

    A commit's base is where HEAD has left it; its files are written to a temporary folder, once a run, with those of
    variables that are named for the folders. Use it in a `with`.
    """

    def __init__(self, base: str, choices: Iterable[Choices] = ()) -> None:
        chosen = tuple(choices)
        self._base, self._variable_files = base, [file for one in chosen for file in one.files]
        self._is_whole = any(one.terragrunt for one in chosen)
        self._commits: dict[Path, _Commit] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def against(self, given: str, plans: list[Plan], choices: Choices, *, inside: str = "") -> list[Plan]:
        """Return the plans of a configuration folder as changes from what the base says.

        A base without configuration there is an empty one; of several root modules, one whose base cannot be read has
        a `fault`. `inside` is where in a base folder this one's like is found, where several are compared. Raises
        InputError, and git.Missing for a commit that is not there.
        """
        folder = self._folder(Path(given), inside)
        try:
            found = self._read(folder, self._choices(choices, Path(given), folder)) if folder else []
        except NoConfigurationError:
            found = []
        except InputError as error:
            fault = self._fault(error)
            if len(plans) == 1 and not inside:
                raise fault from None
            return [unread(fault, plan) for plan in plans]
        # A folder from which a change removes all of Terraform is no error where the base has something there.
        gone = plans[0].fault if len(plans) == 1 else None
        if isinstance(gone, NoConfigurationError):
            if not found and not inside:
                raise gone
            plans = [] if found else plans
        # Root modules are matched by their folders; those that only one side has are compared with nothing.
        before = {one.folder: unread(self._fault(one.fault), one) if one.fault else one for one in found}
        compared = [compare(before.pop(plan.folder, NO_CONFIGURATION), plan) for plan in plans]
        compared += [compare(plan, replace(NO_CONFIGURATION, folder=plan.folder)) for plan in before.values()]
        if any(change.after for plan in plans for change in plan.changes) and not found:
            what = f"--base {self._base} holds no configuration for {given}: everything in it is new"
            compared[0] = replace(compared[0], warnings=(*compared[0].warnings, what))
        return compared

    def _read(self, folder: Path, choices: Choices) -> list[Plan]:
        """Read the base, once more where its code looks for files of the commit that lie apart from configuration."""
        found = read_plans(str(folder), None, choices)
        while any(commit.complete(plan.looked) for commit in self._commits.values() for plan in found):
            found = read_plans(str(folder), None, choices)
        return found

    def _choices(self, choices: Choices, head: Path, folder: Path) -> Choices:
        """Return what gives variables their values at the base: files that are part of what is compared, as they were there.

        One that was not there is left out. A file from elsewhere is the same on both sides.
        """
        given = (self._file_at_base(one, head, folder) if isinstance(one, Path) else one for one in choices.given)
        return replace(choices, given=tuple(one for one in given if one is not None))

    def _file_at_base(self, file: Path, head: Path, folder: Path) -> Path | None:
        """Return what a file of variables was at the base; None where it was not there yet."""
        if Path(self._base).exists():
            there = Path(os.path.normpath(folder / os.path.relpath(file, head)))
            return there if there.is_file() else None if there.is_relative_to(folder) else file
        for top, commit in self._commits.items():
            if (name := git.name_of(file, top)) and git.comes_with(file, proposed=True):
                return commit.folder / name if (commit.folder / name).is_file() else None
        return file

    def _fault(self, error: InputError) -> InputError:
        """Return an error with its place in the commit: the temporary folder means nothing to a reader."""
        where = error.where
        for scratch in (str(commit.folder) for commit in self._commits.values()):
            where = "" if where == scratch else where.removeprefix(f"{scratch}/")
        return InputError(error.what, where=f"--base {self._base}: {where}".removesuffix(": "), fix=error.fix)

    def _folder(self, folder: Path, inside: str) -> Path | None:
        """Return the folder as it is at the base; None where it was not there. The checkout is left as it is."""
        if Path(self._base).exists():
            return self._place_in_base(inside)
        # The folder may be one that the change has removed.
        there = next(place for place in (folder, *followed(folder).parents) if place.is_dir())
        top = git.top_of(there)
        if top is None and git.is_refused(folder):
            fix = "see `git status`; for one of another owner: git config --global --add safe.directory DIR"
            raise InputError("git does not read this checkout", where="--base", fix=fix)
        if top is None:
            what = f"no folder {self._base!r}, and not in a git checkout"
            raise InputError(what, where="--base", fix="name a folder or a commit")
        if top not in self._commits:
            named = frozenset(name for file in self._variable_files for name in git.names_of(top, file))
            self._commits[top] = self._stack.enter_context(
                _files_at(top, git.merge_base(top, self._base), named, is_whole=self._is_whole)
            )
        former = self._commits[top].folder / followed(folder).relative_to(followed(top))
        for fetched in folder.rglob(".terraform"):  # what `terraform init` has fetched is in no commit
            place = former / fetched.relative_to(folder)
            if fetched.is_dir() and place.parent.is_dir() and not place.exists():
                place.symlink_to(followed(fetched), target_is_directory=True)
        return former if former.is_dir() else None

    def _place_in_base(self, inside: str) -> Path | None:
        """Return the base itself, or the place in it where one of several folders is found."""
        base = Path(self._base)
        if not inside:
            return base
        if not base.is_dir():
            fix = "give a folder, or the result of a run over all of them"
            raise InputError("one plan cannot be the base of several projects", where=f"--base {base}", fix=fix)
        # Such a path would compare with what lies outside of the base.
        if Path(inside).is_absolute() or ".." in Path(inside).parts:
            fix = "name what is compared by its path from the folder that lies beside the base"
            raise InputError(f"{inside} has no place in it", where=f"--base {base}", fix=fix)
        return base / inside if (base / inside).exists() else None


class _Commit:
    """What a commit has, in a temporary folder: the files that configuration is likely to read, and others once it looks for them."""

    def __init__(self, top: Path, commit: str, folder: Path, named: frozenset[str], *, is_whole: bool) -> None:
        left: list[set[str]] = []
        links = frozenset(_believed(sorted(git.links_of(top, commit))))

        def readable(names: Sequence[str]) -> set[str]:
            chosen = {*(_believed(names) if is_whole else _readable(names)), *(named | links).intersection(names)}
            left.append(set(_believed(names)) - chosen)
            return chosen

        git.check_out(top, commit, folder, readable)
        Path(folder, ".git").touch()  # it is as far as configuration may reach, like the checkout itself
        self._top, self._commit, self.folder = top, commit, folder
        self._left = sorted(left[0])  # what follows is of submodules
        self.complete(_target(folder / name) for name in links if (folder / name).is_symlink())

    def complete(self, looked: Iterable[Path]) -> bool:
        """Write the files that are left, and were looked for or lie below folders that were; say whether there are any."""
        names = (path.relative_to(self.folder).as_posix() for path in looked if path.is_relative_to(self.folder))
        wanted = {one for name in names for one in self._below(name)}
        git.extract(self._top, self._commit, wanted, self.folder)
        self._left = [name for name in self._left if name not in wanted] if wanted else self._left
        return bool(wanted)

    def _below(self, name: str) -> list[str]:
        """Return the name of a file that is left, or those of the files below a folder."""
        if name == ".":
            return self._left
        at, begin, end = (bisect_left(self._left, text) for text in (name, f"{name}/", f"{name}0"))  # "0" follows "/"
        return [*(one for one in self._left[at : at + 1] if one == name), *self._left[begin:end]]


def _target(link: Path) -> Path:
    return Path(os.path.normpath(link.parent / link.readlink()))


@contextmanager
def _files_at(top: Path, commit: str, named: frozenset[str], *, is_whole: bool) -> Iterator[_Commit]:
    with tempfile.TemporaryDirectory(prefix="guardrail-base-") as scratch:
        yield _Commit(top, commit, Path(scratch), named, is_whole=is_whole)


def _readable(names: Sequence[str]) -> list[str]:
    """Return what configuration can read: all that lies in, or below, a folder with configuration.

    Committed plans and manifests of modules are left out, since they are not believed.
    """
    folders = {PurePosixPath(name).parent for name in names if is_configuration(PurePosixPath(name).name)}
    return _believed([name for name in names if not folders.isdisjoint(PurePosixPath(name).parents)])


def _believed(names: Sequence[str]) -> list[str]:
    """Leave out plans and manifests of modules that are committed: they are not believed at the head either."""
    return [name for name in names if PurePosixPath(name).name not in PLAN_NAMES and not name.endswith(MANIFEST)]


def refuse_plans(plans: list[Plan], given: str) -> None:
    """Refuse plans, which know themselves what was before. Raises InputError."""
    if not all(plan.is_configuration or plan.fault for plan in plans):
        fix = "to compare with a commit, give a configuration folder; to compare two plans, run `guardrail diff OLD.json NEW.json`"
        raise InputError(
            "a plan already holds the state before the change, so it is not compared with another", where=given, fix=fix
        )


def compare(base: Plan, head: Plan) -> Plan:
    """Return the changes that lead from what one plan makes of each resource to what another does.

    `moved` and `removed` blocks are those of the second. Where one of them could not be read, nothing can be told.
    """
    if fault := head.fault or base.fault:
        return unread(fault, head)
    # What is left of `before` once each resource of the head has taken its own is gone.
    before = {change.address: change for change in base.changes if change.after}
    addresses = {change.address for change in head.changes}
    changes = []
    for change in head.changes:
        former = change.address if change.address in before else head.moves.former(change.address, before, addresses)
        changes.append(_changed(before.pop(former), change) if former else change)
    changes += [_gone(change, is_forgotten=head.moves.is_forgotten(change.address)) for change in before.values()]
    missing = joined(base.not_evaluated, head.not_evaluated)
    known = {source.address: source for source in base.data}
    data = [replace(one, before=known.pop(one.address, one).after) for one in head.data]
    return replace(head, changes=tuple(changes), not_evaluated=missing, data=(*data, *known.values()))


def _changed(before: Change, change: Change) -> Change:
    """Return a resource that is there on both sides as a change from the one to the other."""
    has_moved = before.address != change.address
    compared = replace(
        change,
        action=Action.UPDATE,
        before=before.after,
        before_references=before.references,
        before_region=before.region,
        before_tags=before.tags,
        previous_address=before.address if has_moved else None,
    )
    if (compared.before, compared.before_region, compared.before_tags) != (change.after, change.region, change.tags):
        return compared
    return replace(compared, action=Action.MOVE if has_moved else Action.NO_OP)


def _gone(change: Change, *, is_forgotten: bool) -> Change:
    return replace(
        change,
        action=Action.FORGET if is_forgotten else Action.DELETE,
        before=change.after,
        after=None,
        before_region=change.region,
        before_tags=change.tags,
        tags=NO_TAGS,
        source=None,
    )
