import pytest

from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown, with_unknowns


@pytest.mark.parametrize(
    "mark, kind, reason",
    [
        (True, Reason.KNOWN_AFTER_APPLY, "known after apply"),
        ("variable size has no value", Reason.NOT_EVALUATED, "not evaluated: variable size has no value"),
        ("data.aws_ami.x is read only by a plan", Reason.NOT_EVALUATED, "not evaluated: data.aws_ami.x is read only by a plan"),
    ],
)  # fmt: skip
def test_a_mark_says_why_a_value_is_not_known(mark, kind, reason):
    found = with_unknowns({"disk": [{"size": None}]}, {"disk": [{"size": mark}]}, "a")["disk"][0]["size"]
    assert (found.path, found.kind, found.reason) == ("a.disk.0.size", kind, reason)


@pytest.mark.parametrize("mark, remedy", [(True, ""), ("variable x has no value", "--var-file"), ("a", "plan")])
def test_each_reason_has_a_remedy_of_its_own(mark, remedy):
    found = with_unknowns(None, mark, "a")
    assert isinstance(found, Unknown)
    assert remedy in found.remedy
    assert bool(remedy) == bool(found.remedy)
