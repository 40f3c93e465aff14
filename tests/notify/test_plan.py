"""Which channel is told what, and when again."""

from decimal import Decimal

import pytest

from guardrail.ledger.records.deliveries import Notified
from guardrail.notify import planned
from tests.notify.conftest import alert, channels


def sent(plan):
    return [
        (one.channel, [found.address.partition(".")[2] for found in one.alerts], one.times) for one in plan.messages
    ]


def test_alerts_go_to_the_channels_of_their_owner_kind_and_size_the_largest_first():
    notify = channels(
        ("all", {"slack": {}}),
        ("shop", {"teams": {}, "owners": ["shop", "web-*"]}),
        ("nobody", {"teams": {}, "owners": [""]}),
        ("large", {"teams": {}, "min_amount": 50, "kinds": ["anomaly"]}),
    )
    alerts = [
        alert("small", "5", "web-1"), alert("fall", "-60", ""), alert("uploads"),
        alert("unknown", None, "data"), alert("budget", "900", "data", kind="budget"),
    ]  # fmt: skip
    assert sent(planned(alerts, notify, [])) == [
        ("all", ["budget"], 1), ("all", ["uploads"], 1), ("all", ["fall"], 1), ("all", ["small"], 1), ("all", ["unknown"], 1),
        ("shop", ["uploads"], 1), ("shop", ["small"], 1), ("nobody", ["fall"], 1),
        ("large", ["uploads"], 1), ("large", ["fall"], 1), ("large", ["unknown"], 1),
    ]  # fmt: skip


def test_an_alert_that_no_channel_is_for_is_named():
    plan = planned([alert(owner="data")], channels(("shop", {"slack": {}, "owners": ["shop"]})), [])
    assert ([one.owner for one in plan.unclaimed], plan.messages) == (["data"], ())


@pytest.mark.parametrize("size, times", [("80.99", None), ("121.48", None), ("121.485", 3), (None, None)])
def test_it_is_told_again_where_it_has_grown_by_half_since_it_was_told_last(size, times):
    one = alert(amount=size)
    told = [Notified("all", one.fingerprint, 2, Decimal("80.99"))]
    plan = planned([one], channels(("all", {"slack": {}})), told)
    assert [message.times for message in plan.messages] == ([times] if times else [])
    assert plan.known == (0 if times else 1)


def test_the_same_difference_every_day_is_told_on_days_1_2_3_5_8_12_18_27():
    told: list[Notified] = []
    days = []
    for day in range(1, 29):
        plan = planned([alert(amount=str(10 * day))], channels(("all", {"slack": {}})), told)
        for message in plan.messages:
            days.append(day)
            told = [Notified("all", message.alerts[0].fingerprint, message.times, message.alerts[0].size)]
    assert days == [1, 2, 3, 5, 8, 12, 18, 27]


def test_ten_thousand_alerts_are_twenty_messages_and_one_that_says_how_many_more():
    plan = planned([alert(str(n), str(n)) for n in range(10_000)], channels(("all", {"slack": {}})), [])
    assert len(plan.messages) == 21
    last = plan.messages[-1]
    assert last.title == "9,980 more alerts about costs"
    assert last.facts[-1] == ("and", "9,970 more")
    assert last.facts[0] == ("shop", "9979 costs more")


def test_one_more_than_the_most_is_one_more_message():
    plan = planned([alert(str(n), str(n)) for n in range(4)], channels(("all", {"slack": {}}), max_messages=3), [])
    assert [len(one.alerts) for one in plan.messages] == [1, 1, 1, 1]


def test_the_key_is_the_same_for_the_same_message_and_another_for_another():
    def key(*alerts, name="all"):
        return planned(alerts, channels((name, {"slack": {}})), []).messages[0].key

    assert key(alert()) == key(alert(amount="3")) != key(alert("other"))
    assert key(alert()) != key(alert(), name="other")
