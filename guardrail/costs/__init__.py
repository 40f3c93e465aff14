"""What resources cost: definitions, usage and prices in, a bill out (see docs/definitions.md)."""

from guardrail.costs.definitions.library import Library
from guardrail.costs.engine import Engine
from guardrail.costs.repricing import Repricing
from guardrail.costs.usage.file import NO_USAGE, Usage, load_usage

__all__ = ["NO_USAGE", "Engine", "Library", "Repricing", "Usage", "load_usage"]
