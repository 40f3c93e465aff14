"""Lines of a bill: which are the same."""

from msgspec.structs import replace

from tests.report import samples


def test_what_a_bill_calls_a_line_does_not_tell_it_from_another():
    line = samples.line(monthly="5")
    same = replace(line, usage_key="monthly_requests", meter="USE1-Requests")
    other = replace(line, note="another note")
    assert (line == same, line != same, hash(line) == hash(same)) == (True, False, True)
    assert (line == other, line != other) == (False, True)
