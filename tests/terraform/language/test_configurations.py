"""Random configurations against real Terraform: every output has its value or is unknown, and few are unknown."""

import pytest

from tests.terraform.language.configurations import compared


@pytest.mark.parametrize("seed", ["one", "two"])
def test_generated_configurations_agree(tmp_path, seed):
    wrong, _, counts = compared(tmp_path, seed, range(40))
    assert wrong == {}
    assert counts["failed"] < counts["all"] * 0.2
    assert counts["known here"] >= counts["known there"] * 0.98
