from decimal import Decimal

import pytest

from guardrail.model.money import rounded


@pytest.mark.parametrize(
    "amount, places, shown",
    [
        (Decimal("0.125"), 2, "0.13"),
        (Decimal("-0.125"), 2, "-0.13"),
        (Decimal("12345678901234567890123456789.5"), 0, "12345678901234567890123456790"),
        (Decimal("1.8e308"), 2, f"{int(Decimal('1.8e308'))}.00"),
    ],
)
def test_any_amount_that_a_plan_can_ask_for_is_rounded(amount, places, shown):
    assert str(rounded(amount, places)) == shown
