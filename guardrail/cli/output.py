"""Where reports go: standard output, and files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
from msgspec import Struct

from guardrail.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from guardrail.model.report import Report
    from guardrail.report.frame import Frame

FORMAT_NAMES = (
    *("table", "concise", "json", "markdown", "html", "csv", "sarif", "sarif-suppressed", "junit", "github", "gitlab"),
    *("markdown-gitlab", "markdown-azure", "markdown-bitbucket", "infracost-json"),
)
"""The formats there are. A test compares them with `guardrail.report.FORMATS`, which is not imported for `--help`."""

_WIDTHS = (40, 200)
_PIECE = 1 << 20  # characters
_ELSEWHERE = "write it to a file: --out json=result.json"


class Target(Struct, frozen=True):
    """A file to write a report to."""

    format_name: str
    path: Path


def deliver(report: Report, format_name: str, outs: Iterable[Target], *, color: str, details: bool) -> None:
    """Print the report in one format and write it to files in others.

    Raises ConfigError for a file, DeliveryError for a standard output, that cannot be written.
    """
    write_files(report, outs, details=details)
    if sys.stdout is None:
        raise DeliveryError("the report is not delivered: standard output is closed", fix=_ELSEWHERE)
    say(_rendered(report, format_name, colored=wants_color(color), details=details))


def say(text: str) -> None:
    """Write to standard output. Raises DeliveryError where it is full.

    A reader who has had enough (`| head`) is no fault, and changes no verdict: the rest goes nowhere, and the run ends
    with the exit code that it has.
    """
    try:
        # What is written is copied: piece by piece, a report of 25 MB takes no 25 MB more.
        for start in range(0, len(text), _PIECE):
            click.echo(text[start : start + _PIECE], nl=False, color=True)
        sys.stdout.flush()
    except BrokenPipeError:
        to_nowhere()
    except OSError as error:
        to_nowhere()
        raise DeliveryError(f"the report is not delivered: standard output: {error.strerror}", fix=_ELSEWHERE) from None


def to_nowhere() -> None:
    """Let what is written to standard output from now on go nowhere, what is left in its buffer included."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_files(report: Report, outs: Iterable[Target], *, details: bool) -> None:
    """Write the report to files. Raises ConfigError for a file it cannot write."""
    for target in outs:
        write_whole(target.path, _rendered(report, target.format_name, colored=False, details=details))


def wants_color(choice: str) -> bool:
    """Say whether to colour: --color, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal. Empty is unset."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE")
    if forced and forced != "0":
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Return how many columns a report has: those of the terminal, 100 without one."""
    import shutil  # only for what is laid out

    return min(max(shutil.get_terminal_size((100, 24)).columns, _WIDTHS[0]), _WIDTHS[1])


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place, then put it there, so that nobody reads half of it. Raises ConfigError.

    A file that is there already keeps its permissions; a link stays one, and what it leads to is replaced. What is no
    regular file (a device, a pipe) is written to, and never replaced.
    """
    copy_whole(io.BytesIO(text.encode()), path)


def copy_whole(source: IO[bytes], path: Path) -> None:
    """Write a file as `write_whole` does, from an open one. Raises ConfigError."""
    import shutil  # only where files are written
    import tempfile

    try:
        # Through links, so that one that leads elsewhere is kept and its target replaced.
        path = Path(os.path.realpath(path))
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                shutil.copyfileobj(source, file)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(source, file)
            Path(name).chmod(mode)
            Path(name).replace(path)
        # An interrupt, too, must leave no half-written file beside.
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _umask() -> int:
    # It can be read only by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _rendered(report: Report, format_name: str, *, colored: bool, details: bool) -> str:
    from guardrail.files.excerpt import excerpts  # only for some formats
    from guardrail.files.repository import repository_top, seen_from_repository
    from guardrail.report import FORMATS, POINTING, html_page  # takes a while to import

    find = excerpts(repository_top(Path.cwd()))
    if format_name == "table":
        from guardrail.report.terminal.table import table  # only for this one

        text = table(report, width=terminal_width(), color=colored, details=details, excerpts=find)
    elif format_name == "html":
        text = html_page(report, excerpts=find, frame=_lines_of_the_run(report))
    else:
        text = FORMATS[format_name](seen_from_repository(report, Path.cwd()) if format_name in POINTING else report)
    return text if text.endswith("\n") else f"{text}\n"


def _lines_of_the_run(report: Report) -> Frame:
    """Return the addresses of lines at the commit that a run on GitHub Actions has checked out; none elsewhere."""
    from guardrail.files.repository import repository_files  # only for some formats
    from guardrail.platforms.context import Overrides, read_context
    from guardrail.report.frame import Frame

    if os.environ.get("GITHUB_ACTIONS") != "true":
        return Frame()
    context = read_context(os.environ, Overrides())
    if context.untrusted or not (context.repository and context.commit):
        return Frame()
    blob_url = f"{context.server}/{context.repository}/blob/{context.commit}/"
    return Frame(blob_url=blob_url, files=repository_files(report, Path.cwd()))
