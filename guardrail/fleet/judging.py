"""Judges one workspace after the other by the same rules and prices, and writes what became of each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from guardrail import __version__, data
from guardrail.catalog import Catalog
from guardrail.catalog.store import current_catalog
from guardrail.cel import engine_version
from guardrail.check.provenance import policy_hashes, subjects
from guardrail.check.run import check
from guardrail.config import Settings, Source
from guardrail.costs import Library
from guardrail.errors import ConfigError, GuardrailError, InputError
from guardrail.files.digest import digest_of
from guardrail.fleet.outcome import NOT_EVALUATED, Found, Outcome, encoded
from guardrail.fleet.results import Results
from guardrail.fleet.workspaces import Workspace, spelled
from guardrail.ledger.records.facts import moment
from guardrail.ledger.records.runs import facts_of_run
from guardrail.ledger.storage.store import Store, open_store
from guardrail.load import each_plan, engine_of, loaded_rules, prices, repository_of, terms_of
from guardrail.model.exit_code import ExitCode
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.report import Report
from guardrail.model.runs.hashes import hashed
from guardrail.model.runs.input import InputKind
from guardrail.policy import LoadedRules, Project, WaiverIndex, read_waivers
from guardrail.policy.budgets import spent
from guardrail.policy.spend import Spend
from guardrail.waivers import waived

_TIME = frozenset({"now", "today"})


class UnreachableError(GuardrailError):
    """An object store that did not answer as it should: it may the next time."""


class ChangedError(GuardrailError):
    """What workspaces are judged by is not what it was when the run began."""


class Job(Struct, frozen=True):
    """What a worker needs to know.

    results  where outcomes are written to
    policy   the key of what workspaces are judged by
    folder   the one that paths are relative to
    run      the run that it is of
    again    whether what is judged already is judged again
    """

    settings: Settings
    results: str
    policy: str
    folder: str
    run: str = ""
    again: bool = False


class Done(Struct, frozen=True):
    """What became of a workspace, for whoever watches. `kept`: an earlier run had done it already."""

    name: str
    verdict: str
    why: str = ""
    kept: bool = False


class Policy:
    """Rules and prices, loaded once. Raises RuleError, ConfigError, DefinitionError or CatalogError."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.library = Library(settings.definitions)
        self.loaded: LoadedRules = loaded_rules(settings, self.library)
        self.catalog: Catalog = prices(settings)
        self.engine = engine_of(settings, self.library, self.catalog)
        rules = self.loaded.on(settings.now.date()).rules
        waived([], rules, settings)  # a waivers file that cannot be read stops the run, not each workspace of it
        self.waivers = WaiverIndex(read_waivers(settings.waivers) if settings.waivers else ())
        self.reads_time = any(path[0] in _TIME for rule in rules for path in rule.shown)
        self.rules = rules_hash(self.loaded)
        self.prices = digest_of(settings.catalog or current_catalog())
        self.key = self._key()

    def _key(self) -> str:
        """Return the hash of all that decides what comes of a workspace, beside itself. What bills say is of budgets alone."""
        settings, rules = self.settings, self.loaded.on(self.settings.now.date()).rules
        files = policy_hashes(settings)
        files.pop(InputKind.SNAPSHOT.value, None)
        approvals = settings.approvals_file
        return hashed(
            (
                f"{__version__} {data.release_commit()}",
                engine_version(rules[0].engine if rules else None),
                *(f"{rule.rule.id} {rule.rule.enforcement}" for rule in rules),
                self.rules,
                *(f"{kind} {one}" for kind, one in sorted(files.items())),
                self.prices,
                digest_of(approvals) if approvals else "",
                settings.usage_profile,
                settings.currency,
                str(repository_of(settings, rules)),
                f"{settings.inline_waivers} {settings.policy_folder is not None}",  # what --policy-ref changes beside files
                terms.in_force if (terms := terms_of(settings)) else "",  # entries of the overlay begin and end
            )
        )


def rules_hash(loaded: LoadedRules) -> str:
    """Return what tells these rules from others."""
    return hashed(f"{name} {one}" for name, one in sorted(loaded.hashes.items()))


class Judging:
    """Judges workspaces for a job. Raises ChangedError where the rules or prices here are not those of the job."""

    def __init__(self, job: Job, policy: Policy | None = None) -> None:
        self.job = job
        self.policy = policy or Policy(job.settings)
        if self.policy.key != job.policy:
            what = "rules, prices or the version of guardrail differ from those that the run began with"
            raise ChangedError(what, fix="run it again once they stay as they are, the same on every machine")
        self.results = Results(open_store(job.results))

    def judge(self, workspace: Workspace) -> Done:
        """Judge a workspace and write what became of it, unless that is written already.

        Raises UnreachableError for an object store, ConfigError where nothing can be written.
        """
        try:
            outcome = self._judged(workspace)
            if isinstance(outcome, Done):
                return outcome
            encoded(outcome)
        except UnreachableError:
            raise
        except GuardrailError as error:
            outcome = self.failed(workspace, str(error))
        except UnicodeEncodeError:
            outcome = self.failed(workspace, "holds text that is no Unicode, such as half of a surrogate pair")
        except Exception as error:  # noqa: BLE001 - a bug that one workspace meets must not stop the others
            outcome = self.failed(workspace, f"a bug in guardrail: {type(error).__name__}: {error}"[:500])
        self.results.write(outcome)
        return Done(workspace.name, outcome.verdict, outcome.why)

    def failed(self, workspace: Workspace, why: str) -> Outcome:
        """Return the outcome of a workspace that could not be evaluated."""
        return not_evaluated(workspace, why, self.job)

    def _judged(self, workspace: Workspace) -> Outcome | Done:
        former, source = self._former(workspace), self._source(workspace)
        beside = (workspace.name, source.env, digest_of(source.usage) if source.usage else "")
        version = hashed((*beside, workspace.version)) if workspace.version else ""
        if former and version and former.version == version:
            return _kept(former)
        with _at_hand(workspace) as place:
            settings = self._settings(replace(source, plan=place))
            files = sorted((kind, _inside(place, path), digest_of(path)) for kind, path in subjects(settings))
            told = [*beside, *(f"{kind} {name} {one}" for kind, name, one in files)]
            # What is no file, such as a pipe, has nothing that it could be known again by.
            if former and files and former.input == _content(told, former.looked):
                return _kept(former)
            read = list(each_plan(settings))
            # Beside an object there is nothing that belongs to it.
            looked = () if workspace.is_object else sorted({str(path) for _, plan in read for path in plan.looked})
            content = _content(told, looked) if files else ""
            report = check(settings, read=read, engine=self.policy.engine, loaded=self.policy.loaded)
        outcome = self._outcome(report, source)
        place = spelled(workspace.place)
        return replace(outcome, place=place, input=content, version=version, looked=tuple(looked))

    def _former(self, workspace: Workspace) -> Outcome | None:
        """Return what an earlier run has made of a workspace, if it was judged by the same and the day changes nothing."""
        if self.job.again or not workspace.is_known:
            return None
        former = self.results.read(workspace.name)
        if former is None or not former.is_evaluated or former.policy != self.job.policy:
            return None
        return former if former.day in {"", self._today} else None

    @property
    def _today(self) -> str:
        return self.job.settings.now.date().isoformat()

    def _source(self, workspace: Workspace) -> Source:
        """Return a workspace as a project: what guardrail.yaml says of one of its name, and the list over that."""
        settings = self.job.settings
        known = next((one for one in settings.projects if one.name == workspace.name), None)
        source = (
            replace(known, plan=workspace.place) if known else Source(workspace.place, workspace.name, workspace.place)
        )
        given = next((one.usage for one in settings.sources), None)
        usage = Path(workspace.usage) if workspace.usage else source.usage or given
        return replace(source, env=workspace.env or source.env, usage=usage)

    def _settings(self, source: Source) -> Settings:
        """Return the settings for one workspace. Budgets, and the care for waivers, are of the whole fleet."""
        settings = self.job.settings
        return replace(settings, sources=(source,), budgets=(), complete=False, reads_states=True)

    def _outcome(self, report: Report, source: Source) -> Outcome:
        kept = tuple(one for one in report.findings if not one.rule.startswith("waiver-"))
        report = replace(report, findings=kept)
        is_timely = self.policy.reads_time or any(map(self._ends, report.all_findings))
        is_done = report.exit_code() is not ExitCode.NOT_EVALUATED
        why = next((one.message for one in report.all_findings if one.status is FindingStatus.ERROR), "")
        environments = {one.name: source.env for one in report.projects}
        return Outcome(
            name=source.name,
            place=source.plan,
            env=source.env,
            at=moment(report.generated_at),
            input="",
            policy=self.job.policy,
            verdict=report.verdict.value if is_done else NOT_EVALUATED,
            run=self.job.run,
            day=self._today if is_timely else "",
            why=why,
            totals=report.totals,
            projects=tuple(one.name for one in report.projects),
            resources=report.counts.resources,
            findings=tuple(map(Found.of, report.all_findings)),
            budgets=self._budgets(report, source),
            facts={fact.path: fact.data for fact in facts_of_run(report, environments)},
        )

    def _ends(self, finding: Finding) -> bool:
        """Say whether what a finding comes to may be another thing on another day."""
        excused = finding.waiver is not None or finding.approval is not None
        return excused or bool(self.policy.waivers.fitting(finding))

    def _budgets(self, report: Report, source: Source) -> dict[str, Spend]:
        """Return what the workspace adds to budgets, those alone that count something of it."""
        budgets = self.job.settings.budgets
        bills = [(Project(one.name, one.path, source.env), one) for one in report.projects]
        return {one.name: sums for one, sums in zip(budgets, spent(budgets, bills), strict=True) if sums != Spend()}


def not_evaluated(workspace: Workspace, why: str, job: Job) -> Outcome:
    """Return the outcome of a workspace that could not be evaluated: it has no amounts, and is in no sum."""
    at, env = moment(job.settings.now), workspace.env or job.settings.environments.get(workspace.name, "")
    return Outcome(
        name=workspace.name,
        place=spelled(workspace.place),
        env=env,
        at=at,
        input="",
        policy=job.policy,
        verdict=NOT_EVALUATED,
        run=job.run,
        why=spelled(" ".join(why.split())),
    )


def _inside(place: str, file: Path) -> str:
    """Return where a file lies, as seen from its workspace: two that change places are another configuration."""
    return spelled(os.path.relpath(os.path.realpath(file), os.path.realpath(place)))


def _kept(former: Outcome) -> Done:
    return Done(former.name, former.verdict, former.why, kept=True)


def _content(told: Iterable[str], looked: Iterable[str]) -> str:
    """Return what tells the contents of a workspace from others. `looked`: what was looked at beside its own files."""
    return hashed((*told, *(f"{path} {_state_of(Path(path))}" for path in looked)))


def _state_of(path: Path) -> str:
    """Return the hash of a file, or of the names in a folder; "" where there is nothing that can be read."""
    try:
        return hashed(sorted(path.name for path in path.iterdir())) if path.is_dir() else digest_of(path)
    except OSError:
        return ""


@contextmanager
def _at_hand(workspace: Workspace) -> Iterator[str]:
    """Give a path at which a workspace can be read: an object is fetched for it. Raises UnreachableError."""
    if not workspace.is_object:
        yield workspace.place
        return
    scheme, _, rest = workspace.place.partition("://")
    bucket, _, key = rest.partition("/")
    try:
        data = _bucket(f"{scheme}://{bucket}").read(key)
    except (InputError, ConfigError) as error:
        raise UnreachableError(error.what, where=error.where, fix=error.fix) from None
    with tempfile.TemporaryDirectory(prefix="guardrail-") as scratch:
        place = Path(scratch) / PurePosixPath(key).name
        place.write_bytes(data)
        try:
            yield str(place)
        except GuardrailError as error:
            where = error.where.replace(str(place), workspace.place)
            raise InputError(error.what, where=where, fix=error.fix) from None


@cache
def _bucket(address: str) -> Store:
    return open_store(address)
