"""Many teams, projects and addresses: sizes of pages, what is cut, and how time grows."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

from guardrail.dashboard.facts import Facts
from guardrail.dashboard.site import files_of
from guardrail.finops.charge import Charge
from guardrail.finops.exact import units
from guardrail.finops.lines import lines_of
from tests.dashboard.conftest import rows_of
from tests.dashboard.made import months
from tests.growth import work
from tests.report.html_page import parsed

SERVICES = ("Amazon Elastic Compute Cloud", "Amazon Simple Storage Service", "Amazon Relational Database Service")


def charge(month, amount, team, service="S3", project=None, address=None):
    of = {"team": team, "project": project, "service": service, "address": address, "month": month}
    return Charge(of, month, "aws", False, "USD", units(Decimal(amount)))


def facts(charges, addresses=()):
    """Return what pages are made of, from charges alone."""
    return Facts(
        *(datetime(2026, 11, 20, tzinfo=UTC), "0.1.0", "effective"),
        months=sorted({one.month for one in charges}),
        charges=charges,
        addresses=addresses,
        by_cost={"effective": lines_of(charges, ("month",))},
    )


def many(teams, number=13):
    """Return charges of so many teams, each with a project of its own, in as many months."""
    names = [*(f"team-{place:03}-of-a-company" for place in range(teams - 1)), None]
    return [
        charge(month, f"{place * 17 + at}.123456789", team, service, f"project {place}")
        for at, month in enumerate(months("2025-10", number))
        for place, team in enumerate(names)
        for service in SERVICES
    ]


def test_one_hundred_teams_in_13_months_are_pages_of_less_than_300_kb():
    found = dict(files_of(facts(many(100))))
    sizes = {name: len(text.encode()) for name, text in found.items() if name.endswith(".html")}
    assert len(sizes) == 1 + 3 + 100 + 100 + len(SERVICES) + 2
    assert max(sizes.values()) < 300_000, max(sizes.items(), key=lambda one: one[1])
    rows = rows_of(parsed(found["teams.html"]), "Teams by month, USD")
    assert len(rows) == 1 + 100 + 1
    assert len(rows[0]) == 1 + 13 + 1


def test_ten_thousand_addresses_are_cut_with_a_sum_and_a_file_that_has_them_all():
    addresses = [
        charge("2026-10", 1 + at, "a", project="shop", address=f"aws_instance.a[{at}]") for at in range(10_000)
    ]
    found = dict(files_of(facts([charge("2026-10", sum(range(1, 10_001)), "a", project="shop")], addresses)))
    (name,) = (name for name in found if name.startswith("project-shop-") and name.endswith(".html"))
    rows = rows_of(parsed(found[name]), "2026-10 by address, USD")
    assert len(rows) == 1 + 50 + 1 + 1
    assert rows[-2][:2] == ["and 9,950 more", str(sum(range(1, 9_951)))]
    assert rows[-1][1] == str(sum(range(1, 10_001)))
    told = list(csv.DictReader(io.StringIO(found[name.replace(".html", ".csv")])))
    assert len(told) == 10_000
    assert sum(Decimal(one["amount"]) for one in told) == sum(range(1, 10_001))
    assert max(len(text) for name, text in found.items() if name.endswith(".html")) < 300_000


def test_three_times_the_teams_take_three_times_the_work():
    def prepare(teams):
        made = facts(many(teams, 3))
        return lambda: [*files_of(made)]

    assert work.times_more(work.lines_of, prepare, 5) < work.MORE
