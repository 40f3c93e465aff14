"""`--policy-ref`: whose rules judge a change, those that it brings along or those from before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from guardrail.errors import ConfigError

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.platforms.context import Proposal

BASE, HEAD = "base", "head"

policy_ref_option = click.option(
    "--policy-ref",
    metavar="head|base|REVISION",
    default=HEAD,
    shell_complete=lambda _ctx, _param, begun: [name for name in (HEAD, BASE) if name.startswith(begun)],
    show_default=True,
    help="Commit to read guardrail.yaml, rules and waivers from; base is what the change is to be merged into.",
)


def revision_of(chosen: str, proposed: Proposal) -> str:
    """Return the revision that `--policy-ref` means. Raises ConfigError where nothing tells the base."""
    if chosen != BASE:
        return chosen
    if not proposed.base:
        raise ConfigError(
            "nothing tells the base commit here", where="--policy-ref", fix="name a revision: origin/main"
        )
    return proposed.base


def policy_notes(chosen: Settings, revision: str, proposed: Proposal) -> list[str]:
    """Return what a reviewer should know of where the rules come from."""
    from guardrail import git  # noqa: PLC0415 - only when it runs
    from guardrail.revision import edited_policy  # noqa: PLC0415

    if revision != HEAD:
        return [f"rules and waivers are those of {revision[:12]}, not of this change"]
    notes = []
    if proposed.privileged:
        notes.append("a privileged run (pull_request_target) reads plan and rules from the change itself")
    if proposed.base:
        try:
            notes.append(edited_policy(chosen, proposed.base))
        except git.Missing as error:
            click.echo(f"guardrail: cannot tell whether the change edits its own rules: {error}", err=True)
    return [note for note in notes if note]
