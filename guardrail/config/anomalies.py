"""`anomalies:` of guardrail.yaml: from which amount on something is told, and what is expected to cost more."""

import datetime as dt
from decimal import Decimal
from typing import Annotated

from guardrail.files.section import Field, Section, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(min_length=1)]


class ExpectedDate(Section):
    """Days on which something is expected to cost more (or less): a sale, a load test, a migration."""

    name: Text
    """how reports call it"""
    date: dt.date
    """first day, in UTC"""
    until: dt.date | None = None
    """last day; default: the first alone"""
    amount: Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20, decimal_places=10)] | None = None
    """what it adds to a day of each service and resource that it is for; without it, it accounts for any difference"""
    owners: tuple[str, ...] = ("*",)
    """globs of the owners that it is for"""
    services: tuple[str, ...] = ("*",)
    """globs of services, as bills call them"""
    addresses: tuple[str, ...] = ("*",)
    """globs of Terraform addresses"""

    @model_validator
    def _ends_after_it_begins(self) -> None:
        if self.until is not None and self.until < self.date:
            msg = f"until {self.until} is before date {self.date}"
            raise ValueError(msg)


class AnomaliesConfig(Section):
    """What `guardrail anomalies` tells."""

    spreads: Annotated[float, Field(ge=1, le=100)] = 5.0
    """how many times as far off a day has to be as days usually are"""
    floor_percent: Annotated[float, Field(ge=0, le=100)] = 1.0
    """how far off a day has to be at least, in percent of what its owner's costs came to in the 30 days before"""
    expected: tuple[ExpectedDate, ...] = ()
    """dates that account for what they cost"""
