"""The report for a terminal: what fits, what folds, what is said."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from guardrail.files.excerpt import Excerpt
from guardrail.model.report import CatalogInfo
from guardrail.model.resource import Action
from guardrail.report.terminal.changes import folded
from guardrail.report.terminal.table import table
from tests.report import samples

MONEY = re.compile(r"\$[\d,]+\.\d\d(?![\d.])")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("details", [False, True])
def test_no_line_is_wider_than_asked(width, details):
    for report in (samples.shop(), samples.several(), samples.shop(judged=False)):
        assert max(map(cell_len, table(report, width=width, details=details).splitlines())) <= width


def test_the_greatest_effect_comes_first_and_amounts_are_whole():
    text = table(samples.shop(), width=80)
    order = [
        text.index(name)
        for name in ("aws_db_instance.main", "aws_instance.app[0]", "aws_ebs_volume.old", "aws_foo_bar.a")
    ]
    assert order == sorted(order)
    assert {"$124.10", "$511.40", "$387.30"} <= set(MONEY.findall(text))


def test_amounts_stay_whole_however_long_names_and_numbers_are():
    after = samples.cost(samples.line(monthly="999999999999.99"))
    text = table(samples.report([samples.resource("aws_instance." + "x" * 500, after=after)]), width=80)
    assert "+$999,999,999,999.99" in text


def test_what_is_not_priced_never_reads_as_zero():
    text = table(samples.report([samples.resource("aws_foo.a", after=samples.UNSUPPORTED, type="aws_foo")]))
    assert "monthly cost not known (1 not priced)" in text
    assert "aws_foo: not covered" in text
    assert "$0" not in text


def test_unchanged_resources_are_one_line():
    after = samples.cost(samples.line(monthly="10"))
    stays = [samples.resource(f"aws_instance.s{i}", Action.NO_OP, after, after) for i in range(12)]
    text = table(samples.report([*stays, samples.resource("aws_instance.new", after=after)]))
    assert "12 unchanged: $120" in text
    assert "aws_instance.s3" not in text


def test_no_change_is_told_in_three_lines_at_most():
    text = table(samples.report())
    assert text.startswith("PASS  no changes\n")
    assert len(text.splitlines()) <= 3


def test_an_estimate_shows_every_line_of_the_bill():
    text = table(samples.shop(judged=False), width=120)
    assert text.startswith("Estimate  monthly cost ")
    assert re.search(r"root_block_device\n +Storage \(gp3\) +8 +GB +\$0\.64", text)
    assert "depends on usage: $0.20 per 1M requests" in text
    assert "assumed: iops = 3000" in text


def test_lines_of_a_group_stand_together_after_those_of_the_resource():
    groups = ("disk", "", "nic", "disk")
    lines = [samples.line(f"Line {number}", "1", group=group) for number, group in enumerate(groups)]
    text = table(samples.report([samples.resource(after=samples.cost(*lines))], judged=False))
    assert re.findall(r"Line \d|disk|nic", text) == ["Line 1", "disk", "Line 0", "Line 3", "nic", "Line 2"]


def test_a_finding_is_named_with_its_project_where_names_are_alike():
    text = table(samples.several(), width=120)
    assert "missing tags: [team]\n      prod module.web" in text


def test_long_lists_are_cut_short_unless_details_are_asked_for():
    report = samples.large(120)
    assert "70 more changes: at least $" in table(report)
    whole = table(report, details=True)
    assert "app[119]" in whole
    assert "more" not in whole


def test_findings_say_where_why_and_what_to_do():
    text = table(samples.shop(), width=120)
    assert (
        '  required-tags  high\n    missing tags: [team]\n      module.web["eu"].aws_instance.app[0]  main.tf:12\n    Fix: Add'
        in text
    )
    assert "(waived by ana until 2026-12-31: load test until the sale)" in text
    assert "guardrail waive required-tags 'module.web[\"eu\"].aws_instance.app[0]' --reason" in text
    assert text.index("previous-generation") < text.index("log-retention") < text.index("budget-increase-exceeded")


def test_what_blocks_stands_last_and_each_rule_once():
    found = [samples.finding(address=f"aws_instance.web_{i}") for i in (10, 2)]
    text = table(samples.report(findings=[*found, samples.finding("advice", blocking=False)]))
    assert text.index("Warnings") < text.index("Blocking")
    assert text.count("required-tags  high  2 findings") == 1
    assert text.count("missing tags: [team]\n      aws_instance.web_2\n      aws_instance.web_10\n    Fix: Add") == 1
    assert text.splitlines()[0] == text.splitlines()[-1]


def test_the_line_of_the_configuration_is_shown_with_carets():
    text = table(samples.shop(), excerpts=lambda one: Excerpt(14, "tags = {}", 7, 2) if one.line else None)
    assert "      14 | tags = {}\n         |        ^^\n    Fix: Add" in text


def test_each_changed_resource_says_why():
    text = table(samples.shop(), width=120)
    assert "      instance_type m5.large → m5.2xlarge (alone +$182.20)\n" in text
    assert "3 other attributes changed" in text


@pytest.mark.parametrize("name", ['module.network["eu-west-1"].module.subnets.aws_nat_gateway.this', "x" * 200])
@pytest.mark.parametrize("width", [10, 40, 80])
def test_addresses_are_broken_after_their_dots(name, width):
    lines = folded(name, width)
    assert "".join(line.strip() for line in lines) == name
    assert all(len(line) <= width for line in lines)
    assert folded("module.web.aws_instance.app", 20) == ["module.web.", "  aws_instance.app"]
    assert folded("azurerm_windows_virtual_machine.vm", 20) == ["azurerm_windows_", "  virtual_machine.vm"]


def test_an_estimate_breaks_addresses_as_a_check_does():
    row = samples.resource(
        'module.vm["in-west-europe"].azurerm_windows_virtual_machine.vm', after=samples.cost(samples.line())
    )
    lines = table(samples.report([row], judged=False), width=80).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith('module.vm["in-west-europe"]. '))
    assert lines[first + 1] == "  azurerm_windows_virtual_machine.vm"


def test_sources_of_prices_are_named_whole():
    source = ", ".join(f"a-list-of-prices-{number}" for number in range(6))
    report = replace(samples.shop(), catalog=(CatalogInfo("aws", "2026-08-31", "2026-08-31", source, ""),))
    text = " ".join(table(report).split())
    assert "(a-list-of-prices-0, a-list-of-prices-1, a-list-of-prices-2, a-list-of-prices-3 and 2 more)" in text


def test_color_only_adds_escapes():
    report = samples.shop()
    colored = table(report, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored).split() == table(report).split()
    assert "\x1b[" in colored
    assert "\x1b" not in table(report)


def test_the_environment_changes_nothing(monkeypatch):
    expected = table(samples.shop())
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "20", "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    assert table(samples.shop()) == expected


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.text(max_size=200), st.integers(80, 130), st.booleans())
def test_no_name_makes_a_line_wider(name, message, width, judged):
    after = samples.cost(samples.line(name, group=message, unit=name), samples.line(message, None, note=name))
    report = samples.report(
        [samples.resource(name, after=after, type=message), samples.resource(message, after=samples.UNSUPPORTED)],
        [samples.finding(name, address=name, message=message, file=message)] if judged else [],
        judged=judged,
        warnings=(name,),
    )
    text = table(report, width=width, details=True)
    assert max(map(cell_len, text.splitlines())) <= width
    assert all(char.isprintable() for char in text.replace("\n", ""))
