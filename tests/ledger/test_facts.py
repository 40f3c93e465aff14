"""What results and states leave in a ledger, and how the views tell it."""

import gzip
import json
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.ledger.records.facts import amount
from guardrail.ledger.records.identifiers import normal_forms
from guardrail.ledger.storage.layout import digest, parsed
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import VIEWS, open_ledger
from guardrail.ledger.writing.adding import Adding
from guardrail.report.json.v1 import json_v1
from tests.ledger.conftest import NOW, result, state
from tests.report import samples

NAT: tuple[str, dict[str, Any], dict[str, Any]] = (
    "aws_nat_gateway.n",
    {"id": "nat-1", "tags_all": {"team": "net"}, "availability_zone": "us-east-1a"},
    {},
)


def test_a_run_is_told_by_its_lines_and_findings(add, rows):
    (path,) = add(result())
    assert path.startswith("v1/runs/project=shop/month=2026-11/20261128T203300Z-aaaaaaaaaaaa-")
    (run,) = rows(
        'select run, "at", project, event, pull_request, author, currency, after, after_bound, unpriced from runs'
    )
    assert run[2:] == ("shop", "pull_request", 7, "ana", "USD", Decimal("35.04"), "at-least", 1)
    assert run[1] == NOW
    lines = rows(
        "select address, id, component, monthly, status, usage_key, meter from lines order by address, component"
    )
    assert lines == [
        ("aws_foo.x", None, None, None, "unsupported", None, None),
        ("aws_nat_gateway.n", "nat-1", "Data processed", None, "usage", "monthly_data_processed_gb", None),
        ("aws_nat_gateway.n", "nat-1", "NAT gateway", Decimal("35.04"), "priced", None, "NatGateway-Hours"),
    ]
    assert rows("select address, monthly from lines_before where address = 'aws_instance.old'") == [
        ("aws_instance.old", Decimal("60.74"))
    ]
    assert rows("select rule, address, status from findings") == [("required-tags", "aws_instance.web", "fail")]


def test_assumed_usage_is_no_fact(add, rows):
    add(json_v1(samples.assumed_usage()).encode())
    # Gateways and the minimum of the cluster are known; the usage of a profile is not.
    assert rows("select before, before_bound, after, after_bound from runs") == [
        (Decimal("65.70"), "at-least", Decimal("116.65"), "at-least")
    ]
    assert rows("select distinct status from lines where monthly is null order by status") == [("unknown",), ("usage",)]


def test_what_is_added_twice_is_there_once(add, rows, store):
    assert len(add(result())) == 1
    assert add(result()) == []
    (path,) = store.paths()
    # Another version of zlib compresses the same run to other bytes.
    data = gzip.compress(gzip.decompress(store.read(path)), compresslevel=1, mtime=0)
    (store.root / path).parent.joinpath(f"20261128T203300Z-aaaaaaaaaaaa-{digest(data)}.jsonl.gz").write_bytes(data)
    assert rows("select count(*) from runs") == [(1,)]
    assert rows("select count(*) from lines") == [(3,)]


def test_each_project_of_a_result_is_a_run_of_its_own(add, rows):
    report = samples.several()
    add(json_v1(report).encode())
    told = {name for (name,) in rows("select project from runs")}
    assert len(told) == len(report.projects)
    assert {"data (live/eu)", "data (live/us)"} < told


def test_the_inventory_tells_the_ids_of_a_state(add, rows):
    bucket = ("aws_s3_bucket.b", {"id": "up", "arn": "arn:aws:s3:::up"}, {"depends_on": ["aws_kms_key.k"]})
    secret = ("aws_thing.s", {"id": "hidden"}, {"sensitive_values": {"id": True}})
    link = "https://www.googleapis.com/compute/v1/projects/p/zones/z/disks/d"
    disk: Any = ("google_compute_disk.d", {"id": "projects/p/zones/z/disks/d", "self_link": link}, {})
    add(state(NAT, bucket, secret, disk, ("data.aws_ami.a", {"id": "ami-1"}, {}), depth=3), project="shop")
    found = rows("select address, ids, region, depends_on, tags from inventory order by address")
    assert [row[:4] for row in found] == [
        ("aws_nat_gateway.n", ["nat-1"], "us-east-1", []),
        ("aws_s3_bucket.b", ["arn:aws:s3:::up", "up"], None, ["aws_kms_key.k"]),
        ("aws_thing.s", [], None, []),
        ("google_compute_disk.d", ["projects/p/zones/z/disks/d"], None, []),
    ]
    assert found[0][4] == {"team": "net"}


def test_a_state_that_has_not_changed_is_not_added_again(add, rows):
    assert len(add(state(NAT), project="shop")) == 1
    assert add(state(NAT), project="shop", now=NOW + timedelta(hours=1)) == []
    assert len(add(state(), project="shop", now=NOW + timedelta(hours=2))) == 1
    assert rows("select count(*) from states") == [(2,)]
    assert rows("select count(*) from inventory") == [(1,)]


def test_a_state_without_anything_is_a_state(add, rows):
    assert len(add(b'{"format_version":"1.0"}', project="shop")) == 1
    assert rows("select project from states") == [("shop",)]


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "neither a result nor a state"),
        (b"[]", "neither a result nor a state"),
        (b"{}", "neither a result nor a state"),
        (b"\xff{", "neither a result nor a state"),
        (b'{"version":4,"lineage":"x","serial":3}', "terraform show -json"),
        (b'{"format_version":"1.2","resource_changes":[]}', "is a plan"),
        (b'{"format_version":"9.0"}', "format_version 9.0 is not supported"),
        (b'{"schema":"guardrail.report/v1"}', "not a result"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (state(NAT), "which project"),
        (result(""), "has no name"),
        (result("x" * 400), "too long"),
        (result(monthly="1" + "0" * 30), "more than 20 digits"),
    ],
)
def test_what_is_no_fact_is_refused_in_one_line(add, data, said):
    with pytest.raises(InputError) as caught:
        add(data)
    assert said in str(caught.value)
    assert str(caught.value).startswith("input")
    assert "\n" not in str(caught.value)


def test_names_of_projects_stay_what_they_are(add, rows):
    names = ["a/b", "..", "ü %41", "x=y", "plans/*.json (1)"]
    add(*(result(name, days) for days, name in enumerate(names)))
    assert sorted(name for (name,) in rows("select project from runs")) == sorted(names)


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_runs_in_any_order_and_twice_give_the_same_views(tmp_path_factory, days, shuffled: random.Random):
    def contents(order):
        store = Folder(tmp_path_factory.mktemp("ledger"))
        for day in order:
            data = result(["shop", "search"][day % 2], day, str(30 + day))
            for one in _adding().facts(data, where="", store=store):
                store.put(one.path, one.data)
        ledger = open_ledger(store)
        return store.paths(), [sorted(map(repr, ledger.rows(f"select * from {view}"))) for view in VIEWS]

    again = [*days, *days]
    shuffled.shuffle(again)
    assert contents(days) == contents(again)


def _adding():
    return Adding(NOW, "", {})


def test_views_of_an_empty_ledger_are_empty(rows):
    counts = ", ".join(f"(select count(*) from {view})" for view in VIEWS)
    assert rows(f"select {counts}") == [(0,) * len(VIEWS)]


def test_amounts_are_rounded_at_their_18th_decimal():
    assert amount(Decimal("0.1234567890123456785")) == "0.123456789012345678"
    assert amount(Decimal("-1E-30")) == "0"
    assert amount(Decimal("12E3")) == "12000"
    assert amount(None) is None


IDS = [
    "nat-1",
    " i-1 ",
    "arn:aws:ec2:us-east-1:1:natgateway/nat-1",
    "arn:aws:s3:::up",
    "arn:aws:logs:us-east-1:1:log-group:/aws/x:*",
    "arn:aws:x::",
    "/subscriptions/A/resourceGroups/B/",
    "//compute.googleapis.com/projects/p/zones/z/instances/i",
    "https://www.googleapis.com/compute/v1/projects/p/zones/z/disks/d",
    "//example",
    "",
    None,
]


def test_ids_have_the_same_forms_in_python_and_in_queries(store):
    ledger = open_ledger(store)
    for text in IDS:
        ((forms,),) = ledger.rows("select normal_forms(?)", [text])
        assert sorted(forms) == sorted(normal_forms(text)), text
    assert normal_forms("arn:aws:ec2:us-east-1:1:natgateway/nat-1")[1] == "nat-1"
    assert normal_forms(IDS[-4]) == ("projects/p/zones/z/disks/d",)


def test_equal_facts_have_equal_bytes(store):
    one, two = (list(_adding().facts(result(), where="", store=store)) for _ in range(2))
    assert one == two
    assert one[0].data[4:8] == bytes(4)  # no time in it
    key = parsed(one[0].path)
    assert key
    assert (key.kind, key.owner, key.month, key.ending) == ("runs", "shop", "2026-11", "jsonl.gz")


def test_the_environment_is_that_of_the_configuration(store, rows):
    for one in Adding(NOW, "", {"shop": "prod"}).facts(result(), where="", store=store):
        store.put(one.path, one.data)
    assert rows("select environment from runs") == [("prod",)]


def test_a_result_is_its_projects_other_name(store):
    adding = replace(_adding(), project="other")
    (one,) = adding.facts(result(), where="", store=store)
    assert "project=other" in one.path
    lines = gzip.decompress(one.data).splitlines()
    assert json.loads(lines[1])["project"] == "other"
