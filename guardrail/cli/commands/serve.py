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

from guardrail.cli.limits import DEFAULT_MEGABYTES, DEFAULT_SECONDS
from guardrail.errors import ConfigError

KEY = "GUARDRAIL_TASK_HMAC_KEY"
"""Environment variable that has the HMAC key of the run task."""

_PATH = click.Path(path_type=Path)
_SHORTEST_KEY = 16  # characters


@click.command(short_help="Run as a run task of HCP Terraform: judge the plan of each run.")
@click.option("--config", type=_PATH, help="guardrail.yaml. Default: found upwards from here.")
@click.option("--catalog", type=_PATH, help="Price catalog (SQLite). Default: the synced one, else the shipped one.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Host that runs come from. May be given several times. Default: app.terraform.io.",
)
@click.option("--listen", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="Port to listen at.")
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "warn"]),
    default="deny",
    show_default=True,
    help="Fail the task if something blocks (deny), or if anything is left to look at (warn).",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Plans that are judged at a time."
)
@click.option(
    "--queue", type=click.IntRange(0, 10_000), default=50, show_default=True, help="Runs that may wait beside them."
)
@click.option(
    "--timeout",
    "seconds",
    type=click.IntRange(1, 3_000),
    default=DEFAULT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Time that one plan may take.",
)
@click.option(
    "--max-memory",
    "megabytes",
    type=click.IntRange(min=0),
    default=DEFAULT_MEGABYTES,
    show_default=True,
    metavar="MB",
    help="Memory that one plan may take; 0 for any.",
)
@click.option(
    "--grace",
    type=click.IntRange(0, 3_000),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Time that plans get to be judged when the server is stopped.",
)
@click.option("--url", default="", metavar="URL", help="Page that results lead to. Default: the run.")
@click.option("--ca-bundle", metavar="FILE", help="Certificates to trust, as REQUESTS_CA_BUNDLE.")
def serve(**values: Any) -> int:
    """Run as a run task of HCP Terraform: judge the plan of each run.

    Listens for requests that are signed with the HMAC key in GUARDRAIL_TASK_HMAC_KEY, fetches the plan, judges it by
    the configuration, and reports the result to the run. It needs the extra `serve`, and a server in front of it that
    speaks HTTPS.

    \b
    Example:
      GUARDRAIL_TASK_HMAC_KEY=... guardrail serve --config policies/guardrail.yaml --port 8080

    \b
    Exit codes: 2 not started: the configuration, a flag or the key is at fault, 3 a bug of ours. SIGTERM and Ctrl-C
    stop it, once the plans that it has are judged or their time (--grace) is over.
    """
    key = os.environ.get(KEY, "")
    if len(key) < _SHORTEST_KEY:
        raise ConfigError(f"has to have {_SHORTEST_KEY} characters or more", where=KEY, fix="it is the task's HMAC key")
    if not all(importlib.util.find_spec(name) for name in ("starlette", "uvicorn")):
        raise ConfigError("needs the extra `serve`", fix="pip install 'guardrail-finops[serve]'")
    config = _checked(values["config"])

    from guardrail.serve.app import Options, run  # noqa: PLC0415 - only a server needs it
    from guardrail.serve.judge import Judge  # noqa: PLC0415
    from guardrail.serve.request import Key  # noqa: PLC0415

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
        lambda place: click.echo(f"guardrail: serving at {place}, judging by {judge}", err=True),
    )
    return 0


def _checked(config: Path | None) -> Path | None:
    """Return the configuration that judges, after reading all of it. Raises GuardrailError for what is wrong in it."""
    from guardrail.config import Flags, settings  # noqa: PLC0415 - only when it runs
    from guardrail.config_path import find_config  # noqa: PLC0415
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.load import rules_of  # noqa: PLC0415

    chosen = settings(Flags(inputs=("-",), config=config), Path.cwd())
    rules_of(chosen, Library(chosen.definitions))
    found = config or find_config(Path.cwd())
    return found.resolve() if found else None


def _log_to_stderr() -> None:
    log, handler = logging.getLogger("guardrail"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s guardrail: %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
