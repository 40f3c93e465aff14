"""The single values of the JSON of a report: money, numbers and times, with what may stand there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

Amount = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=2_000, description="exact decimal")]
AmountOrNull = Annotated[Amount | None, Meta(description="exact decimal; null where it is not known")]
Count = Annotated[int, Meta(ge=0, le=2**31)]
LineNumber = Annotated[int, Meta(ge=1, le=2**31)]
Date = Annotated[date, Meta(extra_json_schema={"format": "date"})]
Time = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
