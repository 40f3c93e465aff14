"""Everything that guardrail can refuse to do, as one tree.

    GuardrailError                 what is wrong, where, and what to do about it
    |-- InputError                 a plan, a configuration folder or a usage file that cannot be read
    |-- ConfigError                guardrail.yaml, a waivers file, or a flag
    |-- RuleError                  a rule file that cannot be loaded
    |-- DefinitionError            a cost definition that cannot be loaded
    |-- CatalogError               the price catalog is missing, damaged or not ours
    |-- NetworkError               a download that did not happen
    |-- LimitError                 a run that took longer, or more memory, than it may
    `-- DeliveryError              a comment or a status that could not be posted

Errors are raised where something could not be judged; a violated rule is not an error but a `Finding`.
They are caught once, in `guardrail.cli`, which prints `str(error)` on one line and exits 2 (4 for DeliveryError).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class GuardrailError(Exception):
    """Something that stops the evaluation and that the user can mend.

    `what` names the fault, `where` is "file", "file:line" or "" and `fix` says what to do, all without a line break.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = " ".join(what.split())
        self.where = where
        self.fix = " ".join(fix.split())

    @property
    def place(self) -> tuple[str, int | None]:
        """The file, "" for none, and the line in it."""
        file, _, line = self.where.rpartition(":")
        return (file, int(line)) if file and line.isascii() and line.isdigit() and int(line) else (self.where, None)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.fix})" if self.fix else text


class InputError(GuardrailError):
    """A plan, a configuration folder or a usage file cannot be read."""


class ConfigError(GuardrailError):
    """guardrail.yaml, a waivers file or a flag is wrong."""


class RuleError(GuardrailError):
    """A rule cannot be loaded, or cannot be evaluated on what it was given."""


class DefinitionError(GuardrailError):
    """A cost definition cannot be loaded or does not fit the catalog."""


class CatalogError(GuardrailError):
    """The price catalog is missing, damaged or of another version."""


class NetworkError(GuardrailError):
    """A download did not happen."""


class LimitError(GuardrailError):
    """A run took longer, or more memory, than it may."""


class DeliveryError(GuardrailError):
    """A comment, a status or another delivery did not arrive."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the nearest of the known words, or an empty string."""
    names = sorted(known)
    alike = (name for name in names if name.casefold() == word.casefold())
    near = next(alike, "") or nearest(word, names)
    return f'did you mean "{near}"?' if near else ""


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the known word that is most like another, "" where none is as like as `cutoff`, from 0 to 1."""
    from difflib import get_close_matches  # noqa: PLC0415 - loaded where something is misspelt

    return next(iter(get_close_matches(word, known, n=1, cutoff=cutoff)), "")
