"""What a line says that has no price: which sync may bring it, and what to do where none can."""

import pytest

from guardrail.model.cost import LineStatus
from tests.costs.test_bills import priced

OVERLAY = "state your price in an overlay (pricing.overlay of guardrail.yaml)"


@pytest.mark.parametrize(
    "type_name, case, name, remedy",
    [
        pytest.param(
            "azurerm_service_plan",
            {"region": "uksouth", "attributes": {"os_type": "Linux", "sku_name": "B1"}},
            "Instance usage (B1)",
            "run `guardrail pricing sync --vendor azure --service 'Azure App Service' --region uksouth`",
            id="a minimum is known, and no price for it: that is what is missing",
        ),
        pytest.param(
            "azurerm_storage_account",
            {
                "region": "westeurope",
                "attributes": {"account_tier": "Standard", "account_replication_type": "LRS"},
                "usage": {"storage_gb": 9_000_000_000},
            },
            "Capacity (beyond)",
            "run `guardrail pricing sync --vendor azure --service Storage --region westeurope`, or " + OVERLAY,
            id="a list that is synced has all tiers",
        ),
        pytest.param(
            "aws_spot_instance_request",
            {"region": "eu-central-1", "attributes": {"instance_type": "m5.large"}},
            "Instance usage (Linux/UNIX, spot, m5.large)",
            OVERLAY,
            id="no list of AWS has spot prices",
        ),
    ],
)
def test_a_line_without_a_price_says_what_may_bring_it(type_name, case, name, remedy, catalog):
    lines = {line.name: line for line in priced(type_name, case, catalog).lines}
    assert name in lines, list(lines)
    assert (lines[name].status, lines[name].remedy) == (LineStatus.NO_PRICE, remedy)
    assert (lines[name].lacks is None) is (remedy == OVERLAY)
