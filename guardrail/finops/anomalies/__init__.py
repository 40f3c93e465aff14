"""What in bills is far from what the same weekdays before let expect, and what accounts for it."""

from guardrail.finops.anomalies.answer import HISTORY_DAYS, Anomalies, Asked, Facts, answer
from guardrail.finops.anomalies.event import Cause, Event, State
from guardrail.finops.anomalies.unjudged import NotJudged, Reason

__all__ = ["HISTORY_DAYS", "Anomalies", "Asked", "Cause", "Event", "Facts", "NotJudged", "Reason", "State", "answer"]
