"""Two runs compared: before and delta add up to after, and nothing that has no price turns into 0."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.model.finding import FindingStatus
from guardrail.model.resource import UNTOLD, Action
from guardrail.model.runs.comparison import compared, difference, known_before, remarks
from guardrail.model.unknown import Unknown
from tests.report import samples

COSTS = st.one_of(
    st.none(),
    st.just(samples.UNSUPPORTED),
    st.decimals(0, 10_000, places=2).map(lambda amount: samples.cost(samples.line(monthly=str(amount)))),
)
RUNS = st.dictionaries(st.sampled_from(["a.a", "a.b", "a.c", "a.d"]), COSTS)


def run(costs, **more):
    """A run whose resources come to these costs; None is one that goes."""
    resources = [
        samples.resource(address, Action.DELETE if cost is None else Action.UPDATE, samples.cost(samples.line()), cost)
        for address, cost in costs.items()
    ]
    return samples.report(resources, **more)


@given(RUNS, RUNS)
def test_before_and_delta_are_after(base, head):
    result = difference(run(base), run(head))
    totals = result.totals
    assert totals.monthly_cost == run(head).totals.monthly_cost
    assert totals.monthly_before == run(base).totals.monthly_cost
    known = [r for r in result.projects[0].resources if not r.delta_unpriced]
    assert sum(r.monthly_delta or 0 for r in known) == sum(
        (r.monthly_cost or 0) - (r.monthly_before or 0) for r in known
    )
    found = {r.change.address: r for r in result.projects[0].resources}
    assert found.keys() == {name for side in (base, head) for name, cost in side.items() if cost}
    for address, resource in found.items():
        assert resource.before == base.get(address)
        assert resource.after == head.get(address)
        if samples.UNSUPPORTED in (resource.before, resource.after) and resource.change.action is not Action.NO_OP:
            assert resource.delta_unpriced


@given(RUNS)
def test_a_run_does_not_differ_from_itself(costs):
    result = difference(run(costs), run(costs))
    assert result.totals.monthly_delta == Decimal(0)
    assert {r.change.action for r in result.projects[0].resources} <= {Action.NO_OP}


def test_what_happens_to_each_resource():
    dear, cheap = (samples.cost(samples.line(monthly=amount)) for amount in ("9", "1"))
    result = difference(
        run({"a.gone": dear, "a.kept": dear, "a.more": cheap}), run({"a.more": dear, "a.kept": dear, "a.new": cheap})
    )
    actions = {r.change.address: r.change.action.value for r in result.projects[0].resources}
    assert actions == {"a.gone": "delete", "a.kept": "no-op", "a.more": "update", "a.new": "create"}
    assert not result.judged
    assert result.compares


def test_projects_are_matched_by_name_and_single_ones_anyway():
    cost = samples.cost(samples.line())
    one, other = run({"a.a": cost}, name="one"), run({"a.a": cost}, name="other")
    assert [p.name for p in difference(one, other).projects] == ["other"]
    both = replace(one, projects=(*one.projects, *other.projects))
    found = {p.name: [r.change.action for r in p.resources] for p in difference(both, one).projects}
    assert found == {"one": [Action.NO_OP], "other": [Action.DELETE]}


def test_attributes_that_nobody_tells_are_unknown():
    (resource,) = compared(
        run({"a.a": samples.cost(samples.line())}).projects[0].resources,
        run({"a.a": samples.UNSUPPORTED}).projects[0].resources,
    )
    assert resource.change.before is UNTOLD
    assert UNTOLD.get("anything") == Unknown("anything")
    assert UNTOLD.names() == set()


def test_findings_of_before_do_not_block_in_the_same_words_only():
    old = samples.finding()
    base = [
        old,
        replace(old, rule="waived", status=FindingStatus.WAIVED),
        replace(old, rule="unknown", status=FindingStatus.UNKNOWN),
    ]
    now = [
        old,
        replace(old, message="another"),
        replace(old, rule="waived"),
        replace(old, rule="unknown"),
        replace(old, address="a.b"),
    ]
    found = known_before(now, base, blocks=False)
    assert [f.blocking for f in found] == [False, True, False, True, True]
    assert [f.status is FindingStatus.PRE_EXISTING for f in found] == [True, False, True, False, False]
    assert [f.blocking for f in known_before(now[:1], base, blocks=True)] == [True]


def test_other_prices_are_remarked_on():
    run_now = samples.report(catalog=(samples.CATALOG,))
    assert remarks(run_now, run_now, "x.json") == []
    (said,) = remarks(
        replace(run_now, catalog=(replace(samples.CATALOG, as_of="2025-01-01", sha256="1"),)), run_now, "x.json"
    )
    assert said.startswith("x.json: aws prices are of 2025-01-01 there and of 2026-08-14 here")
