"""`guardrail serve`: a run task for HCP Terraform and Terraform Enterprise."""

from __future__ import annotations

import gc
import importlib.util
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from guardrail.cli.limits import memory_option, timeout_option
from guardrail.errors import ConfigError

KEY = "GUARDRAIL_TASK_HMAC_KEY"
"""Environment variable that has the HMAC key of the run task."""

_PATH = click.Path(path_type=Path)
_SHORTEST_KEY = 16  # characters


@click.command(short_help="Serve a run task of HCP Terraform: check the plan of each run.")
@click.option("--config", type=_PATH, help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.")
@click.option(
    "--catalog", type=_PATH, help="Price catalog (SQLite). Default: the synced catalog, else the shipped one."
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="HCP Terraform host to accept runs from. Repeatable. Default: app.terraform.io.",
)
@click.option("--listen", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="Port to listen on.")
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "warn"]),
    default="deny",
    show_default=True,
    help="Fail the task if a finding blocks (deny), or also on warnings (warn).",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Number of plans to check in parallel."
)
@click.option(
    "--queue", type=click.IntRange(0, 10_000), default=50, show_default=True, help="Number of runs that may wait."
)
@timeout_option("one plan", most=3_000)
@memory_option("one plan")
@click.option(
    "--grace",
    type=click.IntRange(0, 3_000),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Time to finish waiting plans when the server is stopped.",
)
@click.option("--url", default="", metavar="URL", help="Page that results link to. Default: the run.")
@click.option("--ca-bundle", metavar="FILE", help="File of CA certificates to trust, like REQUESTS_CA_BUNDLE.")
def serve(**values: Any) -> int:
    """Serve a run task of HCP Terraform: check the plan of each run.

    The server accepts requests signed with the HMAC key in GUARDRAIL_TASK_HMAC_KEY, fetches the plan, checks it, and
    reports the result to the run. It needs the extra `serve` (pip install 'guardrail-finops[serve]'), and a reverse
    proxy that terminates HTTPS.

    \b
    Example:
      GUARDRAIL_TASK_HMAC_KEY=... guardrail serve --config policies/guardrail.yaml --port 8080

    \b
    Exit codes: 2 not started, as the configuration, an option or the key is wrong, 3 internal error.

    SIGTERM or Ctrl-C stops the server after the waiting plans are checked, or after --grace seconds.
    """
    key = os.environ.get(KEY, "")
    if len(key) < _SHORTEST_KEY:
        raise ConfigError(f"must have at least {_SHORTEST_KEY} characters", where=KEY, fix="it is the task's HMAC key")
    if not all(importlib.util.find_spec(name) for name in ("starlette", "uvicorn")):
        raise ConfigError("needs the extra `serve`", fix="pip install 'guardrail-finops[serve]'")
    config = _checked(values["config"])

    from guardrail.serve.app import Options, run  # only a server needs it
    from guardrail.serve.judge import Judge
    from guardrail.serve.request import Key

    catalog = values["catalog"].resolve() if values["catalog"] else None
    environ = {name: value for name, value in os.environ.items() if name != KEY}
    options = Options(
        key=Key(key.encode()),
        judge=Judge(config, catalog, values["fail_on"], values["seconds"], values["megabytes"], environ),
        hosts=frozenset(name.lower() for name in values["hosts"] or ("app.terraform.io",)),
        **{name: values[name] for name in ("workers", "queue", "grace", "url", "ca_bundle")},
    )
    _log_to_stderr()
    gc.enable()  # the command line turns it off, since its other runs are short
    judge = config or "the shipped rules"
    run(
        options,
        values["listen"],
        values["port"],
        lambda place: click.echo(f"guardrail: listening on {place}, checking against {judge}", err=True),
    )
    return 0


def _checked(config: Path | None) -> Path | None:
    """Return the configuration that judges, after reading all of it. Raises GuardrailError for what is wrong in it."""
    from guardrail.config import Flags, settings
    from guardrail.config_path import find_config
    from guardrail.costs import Library
    from guardrail.load import rules_of

    chosen = settings(Flags(inputs=("-",), config=config), Path.cwd())
    rules_of(chosen, Library(chosen.definitions))
    found = config or find_config(Path.cwd())
    return found.resolve() if found else None


def _log_to_stderr() -> None:
    log, handler = logging.getLogger("guardrail"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s guardrail: %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
