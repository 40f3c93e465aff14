"""`guardrail completion`: the script by which a shell completes guardrail's commands, options and arguments."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
_OTHER_NAME = "guardrail-finops"


@click.command(short_help="Print a shell completion script.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a shell completion script for commands, options, rules, projects and files.

    \b
    bash (4.4 or newer), in ~/.bashrc:
      eval "$(guardrail completion bash)"

    \b
    zsh, in ~/.zshrc, after `autoload -Uz compinit && compinit`:
      eval "$(guardrail completion zsh)"

    \b
    fish, once:
      guardrail completion fish > ~/.config/fish/completions/guardrail.fish

    The script completes the name that you call it by: guardrail or guardrail-finops.
    """
    from guardrail.cli import COMPLETE  # that module knows this one by name

    made = get_completion_class(shell)
    if made is None:  # pragma: no cover - click knows all three
        raise click.UsageError(f"this version of click does not know {shell}", ctx)
    script = made(ctx.find_root().command, {}, _called(), COMPLETE)
    # click's own source() asks bash for its version first, which is not what this one runs in.
    click.echo(script.source_template % script.source_vars())


def _called() -> str:
    """Return the name by which guardrail was called."""
    return _OTHER_NAME if Path(sys.argv[0]).stem == _OTHER_NAME else "guardrail"
