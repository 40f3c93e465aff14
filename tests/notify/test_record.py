"""What a ledger remembers of alerts that have arrived."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from guardrail.ledger.records.deliveries import Notified, fact_of_delivery, notified
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import open_ledger
from tests.notify.conftest import alert

AT = datetime(2026, 10, 24, 6, tzinfo=UTC)


def test_a_ledger_remembers_for_each_channel_how_often_and_how_large(tmp_path):
    store = Folder(tmp_path / "ledger")
    for days, channel, alerts in (
        (0, "ops", [alert(), alert("unknown", None)]),
        (1, "ops", [alert(amount="179")]),
        (1, "mail", [alert(amount="179")]),
    ):
        fact = fact_of_delivery(alerts, channel, AT + timedelta(days=days))
        store.put(fact.path, fact.data)
    ledger = open_ledger(store)
    assert sorted(notified(ledger), key=lambda one: (one.channel, one.size or 0)) == [
        Notified("mail", alert().fingerprint, 1, Decimal(179)),
        Notified("ops", alert("unknown").fingerprint, 1, None),
        Notified("ops", alert().fingerprint, 2, Decimal(179)),
    ]
    assert ledger.rows("select distinct kind, rule, project, address from decisions where address like '%uploads'") == [
        ("notified", "anomaly", "shop", "aws_s3_bucket.uploads")
    ]
