"""GitHub: comments, statuses, suggestions and approvals of a pull request."""

from guardrail.platforms.github.api import connect
from guardrail.platforms.github.approvals import approvals_of
from guardrail.platforms.github.review import suggest

__all__ = ["approvals_of", "connect", "suggest"]
