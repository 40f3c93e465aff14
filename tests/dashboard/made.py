"""Bills that are made, and ledgers of them."""

import csv
import io
import json
from datetime import UTC, datetime

from guardrail.ledger.storage.store import Folder
from guardrail.ledger.writing.importing import Importing

HEAD = (
    *("BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    *("ChargeCategory", "BilledCost", "EffectiveCost", "ServiceName", "ResourceId", "Tags"),
)


def charge(month, cost, team="", service="S3", resource="", currency="USD", effective=None):
    """Return a row: a month like 2026-10, a cost, and whose it is."""
    year, number = map(int, month.split("-"))
    after = f"{year}-{number + 1:02}" if number < 12 else f"{year + 1}-01"
    period = (f"{month}-01T00:00:00Z", f"{after}-01T00:00:00Z")
    tags = json.dumps({"team": team}) if team else ""
    return (
        currency,
        *period,
        *period,
        "Usage",
        cost,
        cost if effective is None else effective,
        service,
        resource,
        tags,
    )


def import_(folder, rows, source="aws", now="2026-11-20"):
    """Import rows as a bill into the ledger of a folder."""
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerows([HEAD, *rows])
    bill = folder / "bill.csv"
    bill.write_text(held.getvalue(), encoding="utf-8")
    Importing(source, "", datetime.fromisoformat(now).replace(tzinfo=UTC), False).run([bill], Folder(folder / "ledger"))


def months(first, number):
    """Return so many months from one on."""
    year, month = map(int, first.split("-"))
    return [f"{year + (month + at - 1) // 12}-{(month + at - 1) % 12 + 1:02}" for at in range(number)]
