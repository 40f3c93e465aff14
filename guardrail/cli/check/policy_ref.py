"""`--policy-ref`: whose rules judge a change, those that it brings along or those from before it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardrail.errors import ConfigError

if TYPE_CHECKING:
    from guardrail.check.provenance import Checkout
    from guardrail.config import Settings
    from guardrail.platforms.context import Proposal

BASE, HEAD = "base", "head"

policy_ref_option = click.option(
    "--policy-ref",
    metavar="head|base|REVISION",
    default=HEAD,
    shell_complete=lambda _ctx, _param, begun: [name for name in (HEAD, BASE) if name.startswith(begun)],
    show_default=True,
    help="Commit to read guardrail.yaml and the files that it names from; base is the branch that the change is merged into.",
)


def revision_of(chosen: str, proposed: Proposal) -> str:
    """Return the revision that `--policy-ref` means. Raises ConfigError where nothing tells the base."""
    if chosen != BASE:
        return chosen
    if not proposed.base:
        raise ConfigError("the base commit is not known here", where="--policy-ref", fix="name a revision: origin/main")
    return proposed.base


def named_base(chosen: Settings, proposed: Proposal) -> str:
    """Return the commit that the change is to be merged into, else the one that the command line compares with; "" for neither."""
    given = chosen.compare_with
    return proposed.base or ("" if not given or Path(given).exists() else given)


def checkout_of(chosen: Settings, revision: str, proposed: Proposal) -> Checkout:
    """Return the working tree, compared with the base of the change as far as anything tells it."""
    from guardrail import git
    from guardrail.check.provenance import Checkout

    named = chosen.compare_with if chosen.compare_with and not Path(chosen.compare_with).exists() else proposed.base
    base = named if revision == HEAD else revision
    try:
        return Checkout(Path.cwd(), base, chosen.policy_folder)
    except git.Missing as error:
        click.echo(
            f"guardrail: cannot tell whether the change edits the policy that it is checked by: {error}", err=True
        )
        return Checkout(Path.cwd(), "", chosen.policy_folder)


def policy_notes(chosen: Settings, revision: str, proposed: Proposal) -> list[str]:
    """Return what a reviewer should know of where the rules come from."""
    if chosen.policy_folder:
        return [f"rules, waivers and usage are those of {revision[:12]}, not of this change"]
    if revision != HEAD:
        return [f"{revision[:12]} has no guardrail.yaml: this change is judged by the one that it brings along"]
    if proposed.privileged:
        return ["a privileged run (pull_request_target) reads plan and rules from the change itself"]
    return []
