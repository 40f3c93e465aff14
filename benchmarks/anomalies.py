"""Anomalies against days that are known to be odd, and their time: `python benchmarks/anomalies.py [FOLDER]`.

FOLDER holds `nyc_taxi.csv` and `nab_combined_windows.json` of the Numenta Anomaly Benchmark, which are not part of this
repository: half-hours of taxi rides, summed by day here, and five windows in which something is known to have happened.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from guardrail.config.anomalies import AnomaliesConfig
from guardrail.finops.anomalies import HISTORY_DAYS, Asked, Facts, answer
from guardrail.finops.anomalies.judging import UNIT, Baseline
from guardrail.ledger.queries.daily import bill_days, daily_charges, first_spends
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import open_ledger
from guardrail.ledger.writing.importing import Importing

NOW = datetime(2026, 10, 1, tzinfo=UTC)
FIRST, DAYS = date(2026, 7, 1), 92
DIMENSIONS = ("tag:team", "service", "project", "address", "account", "region")


def taxi(folder: Path) -> tuple[int, int, int, list[date]]:
    """Return how many days were judged, how many of so many windows were found, and the days outside them that were."""
    rides: Counter[date] = Counter()
    with (folder / "nyc_taxi.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rides[date.fromisoformat(row["timestamp"][:10])] += int(float(row["value"]))
    days = sorted(rides)[:-1]  # the last one is not whole
    text = (folder / "nab_combined_windows.json").read_text(encoding="utf-8")
    labelled = json.loads(text)["realKnownCause/nyc_taxi.csv"]
    windows = [tuple(datetime.fromisoformat(end).date() for end in window) for window in labelled]
    baseline = Baseline([rides[day] * UNIT for day in days])
    judged = [number for number in range(len(days)) if baseline.can_judge(number)]
    off = [days[number] for number in judged if baseline.off(number, 0)]
    hit = sum(any(begin <= day <= end for day in off) for begin, end in windows)
    outside = [day for day in off if not any(begin <= day <= end for begin, end in windows)]
    return len(judged), hit, len(windows), outside


def rows(resources: int) -> Iterator[list[object]]:
    """Give the lines of a bill in FOCUS: some resources for three months, with a rise here and there."""
    yield ["BilledCost", "EffectiveCost", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart",
           "ChargePeriodEnd", "ChargeCategory", "BillingAccountId", "ServiceName", "RegionId", "ResourceId", "Tags"]  # fmt: skip
    chance = random.Random(5)  # noqa: S311 - nothing secret
    for day in (FIRST + timedelta(days=number) for number in range(DAYS)):
        begin = day.replace(day=1)
        end = (begin + timedelta(days=32)).replace(day=1)
        times = [f"{one}T00:00:00Z" for one in (begin, end, day, day + timedelta(days=1))]
        for number in range(resources):
            cost = round(10 + chance.random() + (1_000 if chance.random() < 0.0005 else 0), 6)  # noqa: PLR2004
            tags = f'{{"team": "team-{number % 20}"}}'
            yield [cost, cost, "USD", *times, "Usage", "9", f"service-{number}", "eu-west-1", f"i-{number}", tags]


def measured(resources: int) -> tuple[float, int, int]:
    """Return seconds of the processor from an open ledger to an answer, the series that were judged, and the events."""
    with tempfile.TemporaryDirectory() as folder:
        bill = Path(folder) / "bill.csv"
        with bill.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows(resources))
        store = Folder(Path(folder) / "ledger")
        Importing("made", "", NOW).run([bill], store)
        ledger = open_ledger(store)
        begun = time.process_time()
        since = FIRST + timedelta(days=DAYS - 30)
        first = since - timedelta(days=HISTORY_DAYS)
        charges = list(daily_charges(ledger, DIMENSIONS, "effective", first, NOW))
        facts = Facts(charges, bill_days(ledger, NOW), first_spends(ledger, "effective", NOW), ())
        asked = Asked(since, "effective", (), AnomaliesConfig())
        found = answer(asked, facts, lambda of: of.get("tag:team"), first, NOW)
        return time.process_time() - begun, found.series, len(found.events)


def main(folder: Path | None) -> None:
    """Print what was found, and how time grows."""
    if folder:
        judged, hit, windows, outside = taxi(folder)
        odd = ", ".join(map(str, outside))
        print(f"nyc_taxi: {hit} of {windows} windows, {len(outside)} of {judged} judged days outside them ({odd})")
    for resources in (1_000, 3_000):
        seconds, series, events = measured(resources)
        print(f"{resources:,} resources, {DAYS} days: {seconds:.2f} s, {series:,} series judged, {events} events")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
