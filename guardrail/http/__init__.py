"""The one door to the network: requests with deadlines, retries and secrets that stay; downloads that resume."""

from guardrail.http.deadline import Clock, Deadline
from guardrail.http.download import Downloaded, download
from guardrail.http.response import Response, StatusError, UnansweredError
from guardrail.http.session import Session

__all__ = ["Clock", "Deadline", "Downloaded", "Response", "Session", "StatusError", "UnansweredError", "download"]
