"""Realised savings: what the bill shows of a change, what of it counts, and once."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from guardrail.bills.booked import ChangedResource, Place
from guardrail.bills.metered import MergedBy, MeterDay
from guardrail.finops.savings.answer import Facts, Status, answer
from guardrail.finops.savings.shape import SavingsDocument
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.writing.adding import Adding
from guardrail.ledger.writing.importing import Importing
from guardrail.model.report import Event, Revision
from guardrail.model.resource import Action, Ids
from guardrail.report.json.v1 import json_v1
from tests.report import samples

GP2, GP3 = ("EBS:VolumeUsage.gp2", "GB-Mo"), ("EBS:VolumeUsage.gp3", "GB-Mo")
HOURS = ("BoxUsage:m5.large", "Hours")
CHANGED = date(2026, 10, 11)
VOLUME = "aws_ebs_volume.data"


def days(first, last, meter, daily, quantity="1", address=VOLUME, team="shop"):
    """Return charges of a meter from a day to another, both included; `daily` may be a function of the day."""
    found = []
    day = first
    while day <= last:
        cost = daily(day) if callable(daily) else Decimal(daily)
        amount = quantity(day) if callable(quantity) else quantity and Decimal(quantity)
        found.append(MeterDay("shop", address, "aws", meter[0], meter[1], "USD", day, cost, amount, {"tag:team": team}))
        day += timedelta(days=1)
    return found


def gigabytes(day):
    """Return a day of 100 GB, as vendors count it: months of the calendar."""
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (Decimal(100) / (following - day.replace(day=1)).days).quantize(Decimal("1e-15"))


def storage(first, last, meter, price, **more):
    return days(first, last, meter, lambda day: gigabytes(day) * Decimal(price), gigabytes, **more)


def change(monthly, day=CHANGED, address=VOLUME, unpriced=0, **more):
    place = Place("shop", address, "aws_ebs_volume", {}, {})
    at = day and datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    merged = at or datetime(2026, 10, 11, tzinfo=UTC)
    return ChangedResource(place, at, merged, more.get("currency", "USD"), Decimal(monthly), unpriced)


def told(changes, charges, until=date(2026, 12, 31), since=date(2026, 7, 1), **more):
    """Return the savings of changes, by a bill of all days between two."""
    billed = frozenset(since + timedelta(days=number) for number in range((until - since).days + 1))
    by = more.pop("by", "team")
    facts = Facts(
        changes, more.pop("merged", ()), [one for one in charges if since <= one.day <= until], {"aws": billed}, **more
    )
    return answer(facts, lambda of: of["tag:team"], "2026-07", "2026-12", by=by)


def one(*args, **more):
    (found,) = told(*args, **more).all
    return found


def cents(amount):
    return None if amount is None else round(amount, 2)


FROM, TO = date(2026, 9, 1), date(2026, 11, 30)
MOVED = [*storage(FROM, CHANGED, GP2, "0.10"), *storage(CHANGED + timedelta(days=1), TO, GP3, "0.08")]


def test_gp2_to_gp3_of_100_gb_is_2_00_a_month_credited_once():
    found = told([change("-2")], MOVED)
    (saving,) = found.all
    assert (cents(saving.before), cents(saving.after)) == (Decimal("10.00"), Decimal("8.00"))
    assert (saving.status, cents(saving.credit), saving.offset) == (Status.REALISED, Decimal("2.00"), 0)
    (credit,) = found.credits
    assert (credit.name, cents(credit.amount), credit.savings, credit.waiting) == ("shop", Decimal("2.00"), 1, 0)


def test_up_then_down_is_0():
    later = CHANGED + timedelta(days=40)
    charges = [
        *storage(FROM, CHANGED, GP3, "0.08"),
        *storage(CHANGED + timedelta(days=1), later, GP2, "0.10"),
        *storage(later + timedelta(days=1), date(2026, 12, 31), GP3, "0.08"),
    ]
    (saving,) = told([change("2"), change("-2", later)], charges).all
    assert (cents(saving.realised), cents(saving.offset), cents(saving.credit)) == (Decimal("2.00"), Decimal("2.00"), 0)


def test_down_then_up_is_0_and_after_60_days_it_is_not():
    for apart, credit in ((40, "0.00"), (60, "0.00"), (61, "2.00")):
        later = CHANGED + timedelta(days=apart)
        charges = [
            *storage(FROM, CHANGED, GP2, "0.10"),
            *storage(CHANGED + timedelta(days=1), later, GP3, "0.08"),
            *storage(later + timedelta(days=1), date(2026, 12, 31), GP2, "0.10"),
        ]
        assert cents(one([change("-2"), change("2", later)], charges).credit) == Decimal(credit), apart


def test_a_rise_is_taken_off_once():
    second = CHANGED + timedelta(days=31)
    charges = [
        *days(FROM, CHANGED, HOURS, "3"),
        *days(CHANGED + timedelta(days=1), second, ("BoxUsage:m5.xlarge", "Hours"), "2"),
        *days(second + timedelta(days=1), date(2026, 12, 31), ("BoxUsage:m5.small", "Hours"), "1"),
    ]
    rise = change("30", CHANGED - timedelta(days=20))
    found = told([rise, change("-30"), change("-30", second)], charges)
    assert [cents(saving.offset) for saving in found.all] == [Decimal("30.00"), 0]
    assert [cents(saving.credit) for saving in found.all] == [0, Decimal("30.00")]


def test_too_little_time_is_pending_until_a_day_and_not_0():
    saving = one([change("-2")], MOVED, until=date(2026, 11, 9))
    assert (saving.status, saving.credit, saving.until) == (Status.PENDING, None, date(2026, 11, 11))
    assert saving.reason == "pending until 2026-11-11"
    assert one([change("-2")], MOVED, until=date(2026, 11, 10)).status is Status.REALISED
    assert one([change("-2", None)], MOVED).reason == "merged, and not in the newest state yet"


def test_a_month_end_has_days_of_two_months():
    day = date(2027, 1, 31)
    charges = [
        *storage(date(2026, 12, 1), day, GP2, "0.10"),
        *storage(date(2027, 2, 1), date(2027, 3, 31), GP3, "0.08"),
    ]
    facts = Facts([change("-2", day)], (), charges, {"aws": frozenset(charge.day for charge in charges)})
    (saving,) = answer(facts, lambda _: None, "2027-01", "2027-01").all
    assert cents(saving.credit) == Decimal("2.00")


def test_another_price_and_more_usage_are_no_saving():
    meter = ("DataTransfer", "GB")
    fewer = [*days(FROM, CHANGED, meter, "3", "30"), *days(CHANGED + timedelta(days=1), TO, meter, "1", "10")]
    saving = one([change("-50")], fewer)
    assert (saving.credit, cents(saving.usage), saving.price) == (0, Decimal("60.83"), 0)
    cheaper = [*days(FROM, CHANGED, HOURS, "2.40", "24"), *days(CHANGED + timedelta(days=1), TO, HOURS, "1.20", "24")]
    saving = one([change("-50")], cheaper)
    assert (saving.credit, saving.usage, cents(saving.price)) == (0, 0, Decimal("36.50"))
    assert saving.reason == "the bill shows no saving"


def test_parts_come_to_the_difference():
    a, b = ("A", "GB"), ("B", "GB")
    charges = [
        *days(FROM, CHANGED, a, "3", "30"),
        *days(FROM, CHANGED, HOURS, "2.4", "24"),
        *days(CHANGED + timedelta(days=1), TO, b, "1.7", "34"),
        *days(CHANGED + timedelta(days=1), TO, HOURS, "1", "12"),
    ]
    saving = one([change("-500")], charges)
    assert cents(saving.realised) == cents(saving.before - saving.after - saving.price - saving.usage)
    # 30 GB at the price of the other meter are 1.50 a day; half of the hours are gone, at the price that they had.
    assert cents(saving.realised) == round((Decimal("1.5") + Decimal("1.2")) * 730 / 24, 2)


def test_the_estimate_caps_what_counts():
    saving = one([change("-1.25")], MOVED)
    assert (cents(saving.realised), saving.credit) == (Decimal("2.00"), Decimal("1.25"))
    assert saving.reason == "the bill shows more than was estimated, which is not counted"
    assert one([change("-2", unpriced=1)], MOVED).low is None


def test_what_goes_and_comes_under_another_name_is_no_saving():
    new = "aws_ebs_volume.renamed"
    charges = [
        *storage(FROM, CHANGED, GP3, "0.08"),
        *storage(CHANGED + timedelta(days=1), TO, GP3, "0.08", address=new),
    ]
    saving = one([change("-8"), change("8", address=new)], charges)
    assert (cents(saving.realised), cents(saving.offset), saving.credit) == (Decimal("8.00"), Decimal("8.00"), 0)
    beside = one([change("-2"), change("140", address=new)], MOVED)
    assert cents(beside.credit) == Decimal("2.00")


def test_what_is_deleted_saves_what_it_cost():
    saving = one([change("-10")], storage(FROM, CHANGED, GP2, "0.10"))
    assert (cents(saving.after), cents(saving.credit)) == (0, Decimal("10.00"))


@pytest.mark.parametrize(
    "changes, charges, more, reason",
    [
        ([change("-2")], [], {}, "no charge of a bill is matched with it"),
        ([change("-2", currency="EUR")], MOVED, {}, "the estimate is in EUR, and the bill in USD"),
        ([change("-2")], MOVED, {"since": date(2026, 9, 20)}, "no bill tells 2026-09-11: it needs those from 2026-09-11 to 2026-11-10"),
        ([change("-2"), change("-1", CHANGED + timedelta(days=3))], MOVED, {}, "cannot be told from the change of 2026-10-14, which is less than 7 days away"),
        ([change("-2")], days(FROM, TO, HOURS, lambda day: None if day.day == 5 else Decimal(1)), {}, "rows of the bill do not have the cost"),
        ([change("-2")], days(FROM, TO, HOURS, lambda day: Decimal(day.month), quantity=None), {}, "the bill has no quantities: nothing tells prices from usage"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_unknown_and_not_0(changes, charges, more, reason):
    saving = told(changes, charges, **more).all[0]
    assert (saving.status, saving.credit, saving.reason) == (Status.UNKNOWN, None, reason)


def test_a_commitment_that_ends_is_no_saving():
    saving = one([change("-2")], MOVED, commitments=frozenset({("shop", VOLUME)}))
    assert (saving.status, saving.credit) == (Status.NOT_COUNTED, None)


def test_people_are_credited_only_where_that_is_asked_for():
    merged = (MergedBy("shop", VOLUME, CHANGED, 12, "ana"),)
    assert [credit.name for credit in told([change("-2")], MOVED, merged=merged).credits] == ["shop"]
    (credit,) = told([change("-2")], MOVED, merged=merged, by="author").credits
    assert (credit.name, cents(credit.amount)) == ("ana", Decimal("2.00"))


# ---- as people type it


def result(kind, monthly, at):
    """Return the result of a run of the main branch that has the volume."""
    line = samples.line(
        f"Storage (general purpose SSD, {kind})",
        monthly,
        unit="GB",
        monthly_quantity=Decimal(100),
        meter=f"EBS:VolumeUsage.{kind}",
    )
    cost = samples.cost(line)
    volume = samples.resource(
        VOLUME, Action.NO_OP, cost, cost, type="aws_ebs_volume", name="data", ids=Ids("vol-1", None)
    )
    report = samples.report([volume], generated_at=at, revision=Revision("a" * 40, "main", Event.PUSH))
    return json_v1(report).encode()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """Return a ledger with a volume that was gp2 and is gp3, and the bill of both."""
    folder = tmp_path_factory.mktemp("volume")
    store = Folder(folder / "ledger")
    for kind, monthly, day in (
        ("gp2", "10", date(2026, 9, 1)),
        ("gp3", "8", CHANGED),
        ("gp3", "8", CHANGED + timedelta(days=9)),
    ):
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        for fact in Adding(at, "", {}).facts(result(kind, monthly, at), where="input", store=store):
            store.put(fact.path, fact.data)
    head = (
        "BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,EffectiveCost,"
        "ServiceName,ResourceId,ConsumedQuantity,ConsumedUnit,x_UsageType,Tags"
    )
    rows = [head]
    for charge in MOVED:
        month = charge.day.month
        period = f"2026-{month:02}-01T00:00:00Z,2026-{month + 1:02}-01T00:00:00Z"
        cost, quantity = (f"{amount:.10f}" for amount in (charge.cost, charge.quantity))
        rows.append(
            f"USD,{period},{charge.day}T00:00:00Z,{charge.day + timedelta(days=1)}T00:00:00Z,Usage,{cost},{cost},"
            f'EBS,vol-1,{quantity},{charge.unit},{charge.meter},"{{""team"": ""shop""}}"'
        )
    (folder / "bill.csv").write_text("\n".join([*rows, ""]))
    Importing("aws", "", datetime(2026, 12, 20, tzinfo=UTC), False).run([folder / "bill.csv"], store)
    return folder / "ledger"


@pytest.fixture
def savings(run, ledger):
    return lambda *args: run("savings", "--ledger", str(ledger), "--now", "2026-12-20", *args)


def test_the_command_credits_2_00_a_month_to_the_team_once_though_two_runs_say_it(savings):
    ran = savings("--format", "json")
    assert (ran.exit_code, ran.stderr) == (0, "")
    SavingsDocument.model_validate_json(ran.stdout)
    found = json.loads(ran.stdout)
    (saving,) = found["savings"]
    assert (saving["status"], saving["day"], saving["team"]) == ("realised", "2026-10-11", "shop")
    assert round(Decimal(saving["credit"]), 2) == Decimal("2.00")
    (credit,) = found["credits"]
    assert (credit["team"], round(Decimal(credit["credit"]), 2), credit["savings"]) == ("shop", Decimal("2.00"), 1)
    assert "author" not in saving


def test_the_terminal_tells_what_it_stands_on(savings):
    assert savings("--month", "2026-10").stdout == (
        "realised savings a month, of changes in 2026-10, by the bill (effective cost)\n\n"
        "shop         $2.00  1 saving\n\n"
        "     $2.00  aws_ebs_volume.data (shop)\n"
        "    changed on 2026-10-11\n"
        "    estimated $2.00; the bill was $10.00, and is $8.00; the change saves $2.00\n"
    )
    assert "no merged change was to save anything" in savings("--month", "2026-12").stdout


def test_the_terminal_keeps_to_80_columns(savings, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = savings().stdout.splitlines()
    assert lines[0] == "realised savings a month, of changes from 2026-01 to 2026-12, by the bill"
    assert max(len(line) for line in lines) <= 80


def test_early_it_is_pending(savings):
    found = json.loads(savings("--now", "2026-11-05", "--format", "json").stdout)
    (saving,) = found["savings"]
    assert (saving["status"], saving["credit"], saving["until"]) == ("pending", None, "2026-11-11")
    assert found["credits"] == [{"team": "shop", "currency": "USD", "credit": "0", "savings": 0, "waiting": 1}]
    assert "pending  aws_ebs_volume.data" in savings("--now", "2026-11-05").stdout


def test_markdown_escapes(savings):
    assert savings("--format", "markdown").stdout.splitlines()[4] == "| shop | &#36;2.00 | 1 saving |"


def test_a_ledger_without_bills_is_said(run):
    ran = run("savings", "--ledger", "nothing")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "this ledger has no bill that tells single days" in ran.stderr


def test_kpis_have_what_savings_say(run, ledger):
    ran = run(
        "kpi",
        "realised-savings",
        "savings-realisation",
        "--ledger",
        str(ledger),
        "--month",
        "2026-10",
        "--format",
        "json",
    )
    assert ran.exit_code == 0, ran.stderr
    values = [kpi["values"][0] for kpi in json.loads(ran.stdout)["kpis"]]
    assert [round(Decimal(value["value"]), 2) for value in values] == [Decimal("2.00"), Decimal("1.00")]
