"""GitLab: notes, statuses and approvals of a merge request."""

from guardrail.platforms.gitlab.api import connect
from guardrail.platforms.gitlab.approvals import approvals_of

__all__ = ["approvals_of", "connect"]
