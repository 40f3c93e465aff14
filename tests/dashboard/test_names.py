"""Names of files for what people call as they like."""

import re

import pytest

from guardrail.dashboard.names import file_name


@pytest.mark.parametrize(
    "name, begins",
    [
        ("shop", "team-shop-"),
        ("Data & Analytics", "team-data-analytics-"),
        ("a/b\\..", "team-a-b-"),
        ("..", "team-"),
        ("", "team-"),
        ("Café", "team-cafe-"),
        ("データ", "team-"),
        ("x" * 300, f"team-{'x' * 40}-"),
        ('<script>"', "team-script-"),
        ("\u202eabc\ud800", "team-abc-"),
    ],
)
def test_it_is_readable_and_safe_on_every_file_system(name, begins):
    found = file_name("team", name)
    assert found.startswith(begins)
    assert re.fullmatch(r"[a-z0-9-]+\.html", found)
    assert len(found) < 80
    assert found == file_name("team", name)


def test_names_that_differ_have_files_that_differ_in_more_than_case():
    names = ["shop", "Shop", "SHOP", "sh/op", "sh-op", "sh op", "none", "", "ショップ", "店"]
    found = [file_name("team", name).lower() for name in [*names, None]]
    assert len(set(found)) == len(found)


def test_nobodys_has_a_name_that_no_team_can_have():
    assert file_name("team", None) == "team-none.html"
