"""Why a bill is not what was estimated (see docs/finops/accuracy.md)."""

from guardrail.finops.accuracy.compare import Compared, Month, Part, compare

__all__ = ["Compared", "Month", "Part", "compare"]
