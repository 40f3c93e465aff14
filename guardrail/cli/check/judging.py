"""One evaluation as the command line asks for it, shared by `check`, its commit hook and its watch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from guardrail.cli.check.policy_ref import checkout_of, named_base, policy_notes, revision_of
from guardrail.cli.options import flags
from guardrail.errors import GuardrailError

if TYPE_CHECKING:
    from guardrail.check.provenance import Checkout
    from guardrail.config import Flags, Settings
    from guardrail.model.report import Report
    from guardrail.platforms.context import Proposal

Evaluate = Callable[["Settings"], "Report"]
Choose = Callable[["Settings"], "Settings"]


def judged(values: dict[str, Any], choose: Choose | None = None, evaluate: Evaluate | None = None) -> Report:
    """Price and judge what a command's arguments name. Raises GuardrailError.

    `choose` may narrow the settings down; `evaluate` does more than a plain check.
    """
    from guardrail.approvals import approvals_base
    from guardrail.check.provenance import inputs_of, uncovered
    from guardrail.check.run import check
    from guardrail.platforms.context import REPOSITORY, proposal
    from guardrail.policy_ref import settings_at
    from guardrail.waivers import added_waivers

    proposed = proposal(os.environ)
    revision = revision_of(values["policy_ref"], proposed)
    with settings_at(flags(values), Path.cwd(), revision) as whole:
        chosen = choose(whole) if choose else whole
        checkout = checkout_of(chosen, revision, proposed)
        roots = tuple(checkout.name(file) for file in uncovered(chosen, checkout))
        repository = next(filter(None, map(os.environ.get, REPOSITORY)), "")
        base = named_base(chosen, proposed)
        at = approvals_base(chosen, revision, base, is_change=proposed.change is not None)
        chosen = replace(chosen, pr=proposed.for_rules, repository=repository, uncovered=roots, approvals_at=at)
        report = (evaluate or check)(chosen)
        notes = policy_notes(chosen, revision, proposed)
        if checkout.top and checkout.base:
            notes += added_waivers(chosen, checkout.top, checkout.base, checkout.edited)
            notes += _loosened(flags(values), chosen, checkout)
        inputs = inputs_of(chosen, checkout, report.looked)
    hashes = report.hashes.with_inputs(inputs) if report.hashes else None
    report = replace(report, warnings=(*report.warnings, *notes), inputs=inputs, hashes=hashes)
    return with_its_run(report, chosen, proposed)


def _loosened(given: Flags, chosen: Settings, checkout: Checkout) -> list[str]:
    """Return what the change loosens of the policy. One that cannot be read on either side is said to be that."""
    from guardrail.check.loosening import edits_policy, loosened_by_change
    from guardrail.config import settings
    from guardrail.policy_ref import settings_at

    top = checkout.top
    # Which plans there are is no part of the policy.
    given = replace(given, inputs=("-",), project=None, compare_with="", usage=None, catalog=None)
    try:
        ours = settings(given, Path.cwd()) if chosen.policy_folder else chosen
        if top is None or not edits_policy(ours, top, checkout.edited):
            return []
        with settings_at(given, Path.cwd(), checkout.base) as before:
            return loosened_by_change(before, ours) if before.policy_folder else []
    except GuardrailError as error:
        return [f"what this change loosens of the policy is not known: {error}"]


def with_its_run(report: Report, chosen: Settings, proposed: Proposal) -> Report:
    """Return a report with the commit, the event and the pull request that it is for, as far as the environment tells."""
    from guardrail.platforms.revision import revision_of_run

    change = proposed.change
    if change and not chosen.with_author:
        change = replace(change, author="")
    return replace(report, pull_request=change, revision=revision_of_run(os.environ, proposed))
