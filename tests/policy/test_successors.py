"""A successor has no less of anything, and is never guessed."""

from __future__ import annotations

import pytest

from guardrail.policy.variables.successors import successor

FOUND = {
    "m4.large": "m7i.large",
    "m4.10xlarge": "m7i.12xlarge",  # that size is gone
    "m3.medium": "m7i.large",  # there is no smaller one
    "c4.8xlarge": "c7i.12xlarge",  # 36 processors were an odd number
    "r4.xlarge": "r7i.xlarge",
    "t1.micro": "t3.micro",
    "db.m4.large": "db.m5.large",
    "db.r3.large": "db.r5.large",
    "cache.m4.large": "cache.m5.large",  # 6.38 GiB for 6.42
    "t2.micro": "t3.micro",
    "i2.xlarge": None,  # disks of its own
    "a1.large": None,  # another architecture's successor would not run its programs
    "m4.large.search": None,
    "zz9.huge": None,
}


@pytest.mark.parametrize("name", FOUND)
def test_successors(name, catalog):
    assert successor("aws", name, catalog.spec) == FOUND[name]


def test_other_vendors_have_none(catalog):
    assert successor("gcp", "n1-standard-1", catalog.spec) is None


def test_no_family_of_today_is_followed_by_less(catalog):
    """Whatever there is in the catalog of a family with a successor."""
    for name in ("m1.small", "m2.4xlarge", "c3.8xlarge", "r3.8xlarge", "r4.16xlarge", "m4.16xlarge"):
        old, new = catalog.spec("aws", name), catalog.spec("aws", successor("aws", name, catalog.spec))
        assert new["vcpu"] >= old["vcpu"]
        assert new["memory_gib"] >= old["memory_gib"]
        assert new["current_generation"] is True
