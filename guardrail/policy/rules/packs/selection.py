"""What guardrail.yaml and pack.yaml say of rules: which play, where packs come from, and what is set anew."""

import re
from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import field

from guardrail.files.section import Field, Section, StringConstraints, WrittenAs, keys_validator, model_validator
from guardrail.model.finding import Enforcement, OnUnknown, Severity

PACK_FILE = "pack.yaml"
"""At the top of a pack: what it sets and what is final. Every other YAML file below it is a rule."""

PackName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
"""Names a folder, too."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Final = bool | tuple[str, ...]
"""Which parts of a rule no child may loosen: true for all, or enforcement, severity, on_unknown, waivers, params, params.NAME."""

_SCP_LIKE = r"(?:[A-Za-z0-9_.-]+@)?[A-Za-z0-9_.-]+:(?!//)[^\s:]+"
_REF = r"[A-Za-z0-9_][A-Za-z0-9_./+@-]*"


class SourceKind(StrEnum):
    """Where packs are fetched from."""

    GIT = "git"
    URL = "url"
    PYTHON = "python"
    FOLDER = "folder"


class PackSource(Section, omit_defaults=True):
    """Where a pack comes from: one of git, url, python and folder."""

    git: str | None = None
    """address of a git repository: https://, ssh:// or git@host:path"""
    ref: str = "HEAD"
    """with git: branch, tag or full commit; guardrail.lock pins the commit that it was"""
    url: str | None = None
    """address of a .zip, .tar or .tar.gz"""
    sha256: Sha256 | None = None
    """with url: SHA-256 of the archive"""
    python: str | None = None
    """name of an installed distribution that has entry points in the group guardrail.rules"""
    entry: str | None = None
    """with python: name of the entry point, where the distribution has several"""
    folder: str | None = None
    """folder, relative to guardrail.yaml; read where it lies if that is in the repository, else copied"""
    subfolder: str = ""
    """folder of the pack within what is fetched"""

    @keys_validator
    def _fits(self, keys: Collection[str]) -> None:
        given = [kind.value for kind in SourceKind if getattr(self, kind) is not None]
        if len(given) != 1:
            msg = f"needs exactly one of git, url, python and folder, and has {' and '.join(given) or 'none of them'}"
            raise ValueError(msg)
        for key, kind in (("ref", "git"), ("sha256", "url"), ("entry", "python")):
            if key in keys and kind != given[0]:
                msg = f"{key} can be used with {kind} only, not with {given[0]}"
                raise ValueError(msg)
        if problem := next(filter(None, (_not_git(self), _not_url(self), _not_inside(self.subfolder))), ""):
            raise ValueError(problem)

    @property
    def kind(self) -> SourceKind:
        """Which of the four it is."""
        return next(kind for kind in SourceKind if getattr(self, kind) is not None)

    def __str__(self) -> str:
        place = getattr(self, self.kind)
        detail = {SourceKind.GIT: f"@{self.ref}", SourceKind.PYTHON: f":{self.entry}" if self.entry else ""}
        return f"{place}{detail.get(self.kind, '')}" + (f" ({self.subfolder})" if self.subfolder else "")


def _not_git(source: PackSource) -> str:
    if source.git is None:
        return ""
    address = urlsplit(source.git)
    if address.password or (address.scheme != "ssh" and address.username):
        return "git: the address contains a secret, which would be committed: leave it to git's credential helper"
    is_address = address.scheme in {"https", "ssh", "file"} and re.fullmatch(r"\S+", source.git)
    if not (is_address or re.fullmatch(_SCP_LIKE, source.git)) or source.git.startswith("-"):
        return "git: expected https://, ssh://, file:// or git@host:path"
    if not re.fullmatch(_REF, source.ref) or ".." in source.ref:
        return f"ref: {source.ref[:60]!r} is no branch, tag or full commit"
    return ""


def _not_url(source: PackSource) -> str:
    if source.url is None:
        return ""
    address = urlsplit(source.url)
    if address.username or address.password:
        return "url: the address contains a secret, which would be committed"
    if address.scheme not in {"https", "http"} or not address.hostname:
        return "url: expected https://"
    return "" if source.sha256 else "a url needs the sha256 of its file"


def _not_inside(subfolder: str) -> str:
    parts = re.split(r"[/\\]", subfolder)
    is_inside = not subfolder or (".." not in parts and parts[0] not in {"", "~"} and ":" not in subfolder)
    return (
        "" if is_inside and "\0" not in subfolder else f"subfolder: {subfolder[:60]!r} does not lie in what is fetched"
    )


class WaiverTerms(Section):
    """What a waiver needs to count. What is left out is not asked for."""

    max_days: Annotated[int, Field(ge=1)] | None = None
    """how many days from today it may last at most"""
    owner: Literal["required", "optional"] = "optional"
    amount: Literal["required", "optional"] = "optional"
    """whether it has to say up to what monthly amount it holds (up_to)"""
    comments: Literal["allowed", "refused"] = "allowed"
    """whether one in a comment of the configuration counts"""

    def and_also(self, other: "WaiverTerms") -> "WaiverTerms":
        """Return the terms that ask for all that either asks for."""
        days = [terms.max_days for terms in (self, other) if terms.max_days is not None]
        both = (self, other)
        return WaiverTerms(
            max_days=min(days, default=None),
            owner="required" if any(terms.owner == "required" for terms in both) else "optional",
            amount="required" if any(terms.amount == "required" for terms in both) else "optional",
            comments="refused" if any(terms.comments == "refused" for terms in both) else "allowed",
        )


class RuleSetting(Section):
    """What is set anew for one rule. What is left out stays as the rule's file has it."""

    enabled: bool | None = None
    """default: as it was, which is true unless a pack has switched the rule off"""
    enforcement: Enforcement | None = None
    severity: Severity | None = None
    effective_from: date | None = None
    """day from which it is enforced; before that it is advisory"""
    on_unknown: OnUnknown | None = None
    waivable_by: tuple[str, ...] | None = None
    """globs of the owners whose waivers count"""
    waivers: Annotated[dict[str, Any] | None, WrittenAs("guardrail.policy.rules.packs.selection:WaiverTerms")] = None
    """what a waiver of it needs to count"""
    params: dict[str, Any] = field(default_factory=dict)
    params_from: dict[str, str] = field(default_factory=dict)
    """parameter -> file with its value, YAML or CSV, relative to guardrail.yaml"""


class PackSetting(RuleSetting):
    """What a pack sets of a rule, and what of that is final."""

    final: Final = False
    """true, or a list of enforcement, severity, on_unknown, waivers, params and params.NAME"""

    @model_validator
    def _holds_its_values(self) -> None:
        if self.params_from:
            msg = "params_from can be used in guardrail.yaml only; a pack contains the values of its parameters"
            raise ValueError(msg)


class PackFile(Section):
    """pack.yaml: what a pack brings along beside the rules in its folder."""

    version: Literal[1]
    description: str = ""
    packs: tuple[str, ...] = ()
    """shipped packs that it brings along"""
    set: dict[str, PackSetting] = field(default_factory=dict)
    """by rule id: what it sets anew, of its own rules and of those of shipped packs that it brings along"""
    final: bool = False
    """whether all its rules are final, those of shipped packs that it brings along as well"""


class RuleSelection(Section):
    """Which rules play."""

    packs: tuple[str, ...] = ()
    """shipped packs"""
    sources: dict[PackName, PackSource] = field(default_factory=dict)
    """packs from elsewhere, by a name of your choice: all of them play; `guardrail rules fetch` brings them"""
    paths: tuple[str, ...] = ()
    """folders (or files) of the project's own rules"""
    set: dict[str, RuleSetting] = field(default_factory=dict)
    """by rule id"""
