"""Bills of made-up resources, day by day, and what is far off in them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from guardrail.bills.daily import BillDay, ChangeOfResource, DailyCharges, FirstSpend
from guardrail.config.anomalies import AnomaliesConfig
from guardrail.files.model import validated
from guardrail.finops.anomalies import Asked, Facts, answer

FIRST = date(2026, 7, 6)  # a Monday
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def day(number):
    return FIRST + timedelta(days=number)


def charges(amounts, address="aws_instance.a", begin=0, kind="daily", source="aws", **of):
    """Return charges on days one after the other; None is a day without the amount, "" one without a charge."""
    told = {
        "service": "EC2",
        "project": "shop",
        "address": address,
        "account": "1",
        "region": "eu-west-1",
        "owner": "shop",
    }
    days = {day(begin + number): amount for number, amount in enumerate(amounts) if amount != ""}
    values = tuple(None if amount is None else Decimal(str(amount)) for amount in days.values())
    return DailyCharges(
        {**told, **of}, of.pop("currency", "USD"), source, kind, tuple(days), values, values.count(None)
    )


def bill_days(number, source="aws", begin=0, without=(), *, is_open=False, imported_at=NOW):
    return [
        BillDay(source, day(one), is_open, imported_at) for one in range(begin, begin + number) if one not in without
    ]


def firsts(*given):
    return [
        FirstSpend(one.source, one.of["account"], one.of["service"], one.of["region"], one.days[0]) for one in given
    ]


def changed(number, monthly, address="aws_instance.a", pull_request=7, **more):
    at = datetime.combine(day(number), datetime.min.time(), UTC) + timedelta(hours=more.pop("hour", 0))
    return ChangeOfResource(
        "shop", address, at, more.pop("currency", "USD"), Decimal(str(monthly)), pull_request, **more
    )


def found(*given, days=None, since=0, changes=(), now=NOW, projects=(), **settings):
    """Return what is far off in charges, whose owner is what they say themselves."""
    told = days if days is not None else bill_days(max((one.days[-1] - FIRST).days for one in given if one.days) + 1)
    asked = Asked(day(since), "effective", projects, validated(AnomaliesConfig, settings))
    facts = Facts(given, told, firsts(*(one for one in given if one.days and one.kind != "other")), changes)
    return answer(asked, facts, lambda of: of.get("owner"), FIRST, now)
