"""guardrail.report.columns: lines for a terminal of so many columns."""

import pytest

from guardrail.model.money import singular
from guardrail.report.columns import aligned, wrapped

LONG = "module.network.aws_nat_gateway.this_name_is_longer_than_a_line"


@pytest.mark.parametrize(
    "line, indent, parts",
    [
        ("", None, [""]),
        ("short", None, ["short"]),
        ("  $7.01  aws_instance.shop: m5.large -> m6a.large", None, ["  $7.01  aws_instance.shop: m5.large ->", "    m6a.large"]),
        (f"of {LONG} here", None, ["of", f"  {LONG}", "  here"]),
        (f"a b: `guardrail explain {LONG}` says why", None, ["a b:", f"  `guardrail explain {LONG}`", "  says why"]),
        ("    was           what it was before, a cent", "      ", ["    was           what it was before, a", "      cent"]),
        ("      ", "      ", [""]),
    ],
)  # fmt: skip
def test_a_line_is_wrapped_between_words_and_never_within_a_command(line, indent, parts):
    assert [*wrapped(line, 40, indent)] == parts
    assert [*wrapped(line, 1, indent)] == parts  # never narrower than 40


def test_names_begin_and_amounts_end_below_each_other():
    rows = [["team", "month", "amount"], ["shop", "2026-10", "$1,200.00"], ["(nobody)", "", "$1.00"]]
    assert [*aligned(rows, 2)] == [
        "team      month       amount",
        "shop      2026-10  $1,200.00",
        "(nobody)               $1.00",
    ]


@pytest.mark.parametrize(
    "unit, one",
    [
        *[("hours", "hour"), ("GB-seconds", "GB-second"), ("queries", "query"), ("addresses", "address"), ("vCPUs", "vCPU")],
        *[(unit, unit) for unit in ("GB", "IOPS", "MBps", "ms", "MiB/s", "1M requests", "time-series", "requests per second")],
    ],
)  # fmt: skip
def test_a_price_is_per_one_of_its_unit(unit, one):
    assert singular(unit) == one
