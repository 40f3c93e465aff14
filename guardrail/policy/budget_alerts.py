"""At which share of its amount somebody wants to hear of a budget."""

from decimal import Decimal
from typing import Annotated, Any

from guardrail.files.section import BeforeValidator, Field, Section, model_validator

Percent = Annotated[Decimal, Field(gt=0, le=10_000, allow_inf_nan=False)]


class Alert(Section):
    """A share of a budget's amount, in percent, that is not to be passed without anybody knowing: of `spent` or of `forecast`."""

    spent: Percent | None = None
    """percent of the amount that may be spent before the alert"""
    forecast: Percent | None = None
    """percent of the amount that the forecast of the period may come to before the alert"""
    block: bool = False
    """whether `guardrail budget` ends with exit code 1 once the share is passed"""

    @model_validator
    def _is_of_one_thing(self) -> None:
        if (self.spent is None) == (self.forecast is None):
            msg = "an alert is a share of either spent or forecast, like {spent: 80} or {forecast: 100}"
            raise ValueError(msg)

    @property
    def share(self) -> Decimal:
        """The share, in percent."""
        return self.spent or self.forecast or Decimal(0)


def _alert(value: Any) -> Any:
    """Return what a number says as the alert that it stands for."""
    is_section = isinstance(value, dict | Alert)
    return value if is_section else {"spent": value}


AlertOrShare = Annotated[Alert, BeforeValidator(_alert, json_schema_input_type=Percent | Alert)]
"""An alert, or a number: a share of what is spent."""
