"""`guardrail pricing` from the command line: sync, status, show, verify and diff."""

from __future__ import annotations

import json
import shutil

import pytest
from msgspec.structs import replace

from guardrail import data
from guardrail.catalog import snapshot
from tests.catalog import price_lists
from tests.catalog.syncs import wants
from tests.catalog.test_terms import PLAN
from tests.catalog.vendors import serving

REGIONS = frozenset({"eu-west-1"})
NAT = "NatGateway-Hours"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """AWS's list of some NAT gateways, as it is and with hours at three times the price; a small shipped catalog."""
    folder = tmp_path_factory.mktemp("lists")
    found = price_lists.facts(data.pricing_dir(), "aws", REGIONS, ["AmazonEC2"])["AmazonEC2"]
    gateways = [row for row in found if row.family == "NAT Gateway"]
    assert gateways
    price_lists.write_snapshot(folder / "pricing", "aws", "AmazonEC2", gateways)
    snapshot.compile(folder / "pricing", folder / "shipped.sqlite")
    dearer = [replace(row, price="0.144") if NAT in row.attributes else row for row in gateways]
    for name, rows in (("same", gateways), ("dearer", dearer)):
        published = {"AmazonEC2": price_lists.published("aws", "AmazonEC2", rows, wants())}
        price_lists.write_aws(folder / name, published, version=name)
    return folder


@pytest.fixture
def lists(written, tmp_path, monkeypatch):
    """The same in the test's own folder, with a plan of a NAT gateway and an empty cache."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    for module in ("sync", "store"):
        monkeypatch.setattr(f"guardrail.catalog.{module}.shipped_catalog", lambda: tmp_path / "shipped.sqlite")
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    return tmp_path


def test_from_sync_to_diff(run, lists):
    catalog = lists / "cache" / "pricing" / "catalog.sqlite"
    shipped = run("pricing", "status")
    assert "(shipped, " in shipped.stdout
    assert "synced: nothing" in shipped.stdout
    ran = run("pricing", "sync", "--vendor", "aws", "--from", lists / "same", "--now", "2026-09-01")
    assert (ran.exit_code, ran.stdout) == (0, f"wrote {catalog}\n")
    assert ran.stderr == "aws AmazonEC2 eu-west-1: 2 prices\n"
    assert run("pricing", "sync", "--vendor", "aws", "--from", lists / "dearer", "--now", "2026-09-02").exit_code == 0
    status = run("pricing", "status", "plan.json").stdout
    assert f"catalog: {catalog} (synced, " in status
    assert "synced: aws AmazonEC2: 2 prices in 1 region, 2026-09-02" in status
    assert "gaps: none" in status
    verified = run("pricing", "verify")
    assert verified.exit_code == 1
    assert "$0.048 -> $0.144 per Hrs (+200.0%)" in verified.stdout
    assert "1 jump since the last sync" in verified.stdout
    assert "0 jumps since the last sync" in run("pricing", "verify", "--threshold", "250").stdout
    differs = run("pricing", "diff", catalog.with_name("previous-catalog.sqlite"), catalog, "plan.json").stdout
    assert "1 prices changed, 0 new, 0 gone" in differs
    assert "aws_nat_gateway.this: 35.04 a month -> 105.12 a month" in differs


def test_check_uses_the_synced_catalog_unless_another_is_named(run, lists):
    run("pricing", "sync", "--vendor", "aws", "--from", lists / "dearer")
    shipped = lists / "shipped.sqlite"

    def cost(*options):
        ran = run("estimate", "plan.json", "--format", "json", *options)
        return json.loads(ran.stdout)["totals"]["monthly_cost"]

    assert cost() == "105.12"
    assert cost("--catalog", shipped) == "35.04"
    (lists / "guardrail.yaml").write_text("version: 1\npricing: {catalog: shipped.sqlite}\n", encoding="utf-8")
    assert cost() == "35.04"
    assert cost("--catalog", lists / "cache" / "pricing" / "catalog.sqlite") == "105.12"


def test_show(run, lists):
    assert "usagetype = NatGateway-Hours" in run("pricing", "show", "aws_nat_gateway").stdout
    rows = run("pricing", "show", "AmazonEC2", "nat", "hours").stdout
    assert "$0.048 per Hrs" in rows
    assert "2 rows" not in rows
    assert run("pricing", "show", "no-such-words").stdout == "no price found\n"
    assert "--limit 5" in run("pricing", "show", "AmazonEC2", "--limit", "1").stdout
    assert (lists / "shipped.sqlite").is_file()


def test_gaps_of_a_plan_are_named(run, lists):
    change = {**PLAN["resource_changes"][0], "type": "aws_eks_cluster", "address": "aws_eks_cluster.this"}
    (lists / "plan.json").write_text(json.dumps({**PLAN, "resource_changes": [change]}), encoding="utf-8")
    assert "gap: aws_eks_cluster (1): " in run("pricing", "status", "plan.json").stdout


def test_a_server_that_refuses_leaves_the_prices_as_they_are(run, lists):
    catalog = lists / "cache" / "pricing" / "catalog.sqlite"
    assert run("pricing", "sync", "--vendor", "aws", "--from", lists / "same").exit_code == 0
    before = catalog.read_bytes()
    with serving(lists / "dearer") as vendors:
        vendors.faults["region_index"] = 403
        ran = run("pricing", "sync", "--vendor", "aws", "--from", vendors.base)
        assert ran.exit_code == 2
        assert "region_index.json: answered 403" in ran.stderr
        assert "whether a proxy lets this machine reach the host" in ran.stderr
        assert catalog.read_bytes() == before
        vendors.faults.clear()
        assert run("pricing", "sync", "--vendor", "aws", "--from", vendors.base).exit_code == 0
    assert catalog.read_bytes() != before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["sync", "--from", "nowhere"], "no such folder of price lists"),
        (["sync", "--service", "AmazonEKSS"], 'did you mean "AmazonEKS"?'),
        (["sync", "--vendor", "ibm"], "'ibm' is not one of"),
        (["sync", "--vendor", "gcp", "--from", "http://127.0.0.1:9"], "GOOGLE_API_KEY"),
        (["status", "--catalog", "nowhere.sqlite"], "no such catalog"),
        (["diff", "nowhere", "nowhere"], "does not exist"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, message, run, lists):
    ran = run("pricing", *arguments)
    assert ran.exit_code == 2
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (lists / "cache" / "pricing" / "catalog.sqlite").exists()
