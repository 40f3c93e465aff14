"""Rules, budgets, waivers, approvals, projects, usage and prices of one's own, so many of each."""

import pytest

from benchmarks import growth as made
from benchmarks.growth import configured, created, planned
from tests.growth.test_plans import check
from tests.growth.work import MORE


def budgets(match):
    """Return what writes budgets with a match each, over as many resources."""

    def write(folder, size):
        made.budgets(folder, size)
        lines = [f"  - {{name: b{number}, monthly: 100, match: {match.format(number)}}}\n" for number in range(size)]
        return configured(folder, "budgets:\n" + "".join(lines))

    return write


def waivers(rule, address):
    """Return what writes waivers, over as many findings."""

    def write(folder, size):
        made.waivers(folder, size)
        entry = f"  - {{{{rule: '{rule}', address: '{address}', reason: agreed, expires: 2026-12-01}}}}\n"
        (folder / "waivers.yaml").write_text("waivers:\n" + "".join(map(entry.format, range(size))))
        return ["plan.json"]

    return write


def approvals(folder, size):
    made.waivers(folder, size)
    entry = "  - {{rule: required-tags, address: aws_instance.web-{}, by: finops, reason: ok, up_to: 100, expires: 2026-12-12}}\n"
    (folder / "approvals.yaml").write_text("approvals:\n" + "".join(map(entry.format, range(size))))
    return configured(folder, "rules: {packs: [tagging], set: {required-tags: {enforcement: approval}}}\n", packs="")


def projects(folder, size):
    """Projects with one plan, each with a budget of its own."""
    planned(folder, [created("aws_instance", "web", number, made.machine("core")) for number in range(5)])
    budgets = [f"  - {{name: b{number}, monthly: 100, match: {{project: p{number}}}}}\n" for number in range(size)]
    lines = [f"  - {{name: p{number}, plan: plan.json}}\n" for number in range(size)]
    configured(folder, "budgets:\n" + "".join(budgets) + "projects:\n" + "".join(lines))
    return []


def usage(address):
    """Return what writes a usage file with an entry for each resource."""

    def write(folder, size):
        planned(folder, [created("aws_s3_bucket", f"logs{number}", "a", {"bucket": "logs"}) for number in range(size)])
        entry = f"  {address}:\n    standard: {{{{storage_gb: 5}}}}\n"
        (folder / "usage.yml").write_text("resource_usage:\n" + "".join(map(entry.format, range(size))))
        return ["plan.json", "--usage-file", "usage.yml"]

    return write


def overlay(folder, size):
    planned(folder, [created("aws_instance", "web", number, made.machine("core")) for number in range(5)])
    entry = "  - {{vendor: aws, service: Service{}, percent: 3, reason: agreed}}\n"
    (folder / "prices.yaml").write_text("version: 1\ndiscounts:\n" + "".join(map(entry.format, range(size))))
    return configured(folder, "pricing: {overlay: prices.yaml}\n")


CASES = {
    "budgets of tags": (20, made.budgets),
    "budgets of globs of tags": (20, budgets("{{tags: {{team: 'team-{}*'}}}}")),
    "budgets of addresses": (20, budgets("{{addresses: ['aws_instance.web[{}]']}}")),
    "waivers of globs": (30, made.waivers),
    "waivers of addresses": (30, waivers("required-tags", "aws_instance.web-{0}")),
    "waivers of endings": (40, waivers("required-tags", "*.web-{0}")),
    "waivers of other rules": (40, waivers("rule-{0}-*", "aws_instance.web-{0}*")),
    "approvals": (12, approvals),
    "projects": (5, projects),
    "usage of resources": (8, usage('aws_s3_bucket.logs{}["a"]')),
    "usage of wildcards": (30, usage("aws_s3_bucket.logs{}[*]")),
    "prices of one's own": (30, overlay),
}


@pytest.mark.parametrize("name", CASES)
def test_three_times_as_many_take_three_times_the_work(name, growth):
    size, write = CASES[name]
    assert growth(check(write), size) < MORE
