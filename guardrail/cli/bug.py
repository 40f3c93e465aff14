"""What is left behind when guardrail itself is at fault: a file to paste into an issue."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from pathlib import Path

from guardrail import __version__

ISSUES = "https://github.com/guardrail-finops/guardrail/issues"


def bug_report(error: BaseException) -> str:
    """Write versions and the traceback to a file and return the line that names it. Plan values are not in it."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    text = (
        f"guardrail {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"command: {' '.join(arg for arg in sys.argv[1:2])}\n\n{frames}{type(error).__name__}\n"
    )
    message = f"an internal error: {type(error).__name__}. Please report it at {ISSUES}"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="guardrail-bug-", suffix=".txt", delete=False) as file:
            file.write(text)
    except OSError:
        return message
    return f"{message} with the file {Path(file.name)}"
