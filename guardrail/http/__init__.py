"""The one door to the network: requests with time limits, patience and secrets that stay; downloads that resume."""

from guardrail.http.download import Downloaded, download
from guardrail.http.response import Response, StatusError, UnansweredError
from guardrail.http.retry import Clock, Patience
from guardrail.http.session import Session

__all__ = ["Clock", "Downloaded", "Patience", "Response", "Session", "StatusError", "UnansweredError", "download"]
