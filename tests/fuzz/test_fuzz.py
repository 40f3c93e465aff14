"""Damaged and generated inputs, a few of each kind: `python -m tests.fuzz 50000 SEED` runs as many as one likes."""

import time

import pytest

from tests.fuzz.inputs import KINDS, Seeds
from tests.fuzz.running import Finding, findings

SECONDS = 1.0
"""For each kind; CI's machines differ, inputs do not."""
SEED = "ci"


@pytest.fixture(scope="module")
def seeds(compiled_catalog, tmp_path_factory):
    assert compiled_catalog.is_file()
    return Seeds(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_input_is_answered_with_a_verdict_or_refused_in_one_line(kind, seeds, tmp_path):
    if kind == "saved_plan":
        seeds.saved_plan()
    until, number = time.monotonic() + SECONDS, 0
    found: list[Finding] = []
    while number < 3 or time.monotonic() < until:
        found += findings(seeds, tmp_path / "input", kind, f"{SEED}:{number}")
        number += 1
    assert [str(one) for one in found] == []
