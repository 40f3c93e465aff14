"""A group of commands that are imported only when they run, so that `--version` and `--help` answer at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Finds commands by "module:attribute". The short help in listings is the module's own first sentence."""

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return [*self._commands_at, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in self._commands_at:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._commands_at[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; for a misspelt one, say which is near."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from guardrail.errors import did_you_mean

            hint = did_you_mean(args[0], self._commands_at)
            raise click.UsageError(f"{error.message.rstrip('.')}; {hint}", ctx) if hint else error from None
