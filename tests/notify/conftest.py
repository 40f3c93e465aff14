"""Alerts, channels, and runs that tell the channels of them night by night."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from guardrail.config.notify import NotifyConfig
from guardrail.files.model import validated
from guardrail.http import Deadline
from guardrail.ledger.records.deliveries import Notified
from guardrail.model.billed.cost_alert import CostAlert
from guardrail.model.finding import fingerprint
from guardrail.notify import Delivery, deliver, planned


def alert(name="uploads", amount="80.99", owner="shop", **more):
    """Return an alert; its fingerprint is of its name."""
    size = None if amount is None else Decimal(amount)
    facts = more.pop("facts", (("expected", "$2.53"), ("was", "$83.52")))
    return CostAlert(
        fingerprint(name),
        more.pop("kind", "anomaly"),
        owner,
        more.pop("title", f"{name} costs more"),
        size,
        "USD",
        size,
        facts,
        "shop",
        f"aws_s3_bucket.{name}",
    )


def channels(*given, **more):
    """Return the configuration of channels; each is a name and what it is."""
    listed = [{"name": name, **settings} for name, settings in given]
    return validated(NotifyConfig, {"channels": listed, **more})


@dataclass
class Nightly:
    """Runs that tell channels, one night after the other, and remember what has arrived, as a ledger does."""

    environ: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    deadline: Deadline = field(default_factory=lambda: Deadline(20))
    told: dict[tuple[str, str], Notified] = field(default_factory=dict)

    def run(self, alerts, notify, *, record=True):
        """Tell channels of alerts; `record` is off for a run that is killed between sending and recording."""

        def remember(message):
            for one in message.alerts if record else ():
                self.told[message.channel, one.fingerprint] = Notified(
                    message.channel, one.fingerprint, message.times, one.size
                )

        plan = planned(alerts, notify, self.told.values())
        return deliver(
            plan, notify, Delivery(self.environ, remember, lambda _, text: self.said.append(text), self.deadline)
        )


@pytest.fixture
def nightly():
    return Nightly()
