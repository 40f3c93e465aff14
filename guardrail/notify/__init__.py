"""Tells people of alerts about costs: each once in every channel, and again only when it has grown by half."""

from guardrail.notify.delivery import Delivered, Delivery, deliver
from guardrail.notify.message import Message
from guardrail.notify.plan import Plan, planned

__all__ = ["Delivered", "Delivery", "Message", "Plan", "deliver", "planned"]
