"""How far a run and a download are: shown on a terminal, and only there."""

from __future__ import annotations

import io
import sys
import time

import pytest

from guardrail.cli import progress
from guardrail.cli.progress import shown_progress, sync_progress
from guardrail.progress import counted


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_there_is_a_bar_for_what_is_fetched_now(monkeypatch):
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    progress, shown = sync_progress()
    with shown:
        services = progress.download("list of services")
        progress.download("one.csv")(5, 10)
        progress.download("two.csv")(7, 10)
        services(9, None)  # whose bar is gone
        progress.line("aws AmazonEC2: 3 prices")
    seen = terminal.getvalue()
    assert "aws AmazonEC2: 3 prices" in seen
    last = seen[seen.rindex("aws AmazonEC2: 3 prices") :]
    assert "two.csv" in last
    assert "one.csv" not in last
    assert "services" not in last


def test_elsewhere_there_are_lines_alone(capsys):
    progress, shown = sync_progress()
    with shown:
        progress.download("one.csv")(5, 10)
        progress.line("aws AmazonEC2: 3 prices")
    assert capsys.readouterr() == ("", "aws AmazonEC2: 3 prices\n")


def slow_run(until=-1):
    for left in counted("resources priced", range(1_999, -1, -1)):
        time.sleep(0.0001)
        _ = left / (left - until)


def at_terminal(monkeypatch, patience, **environ):
    terminal = Terminal()
    for name in ("CI", "PRE_COMMIT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    monkeypatch.setattr(progress, "_PAUSE", 0.01)
    return terminal


def run_at_terminal(monkeypatch, patience, **environ):
    terminal = at_terminal(monkeypatch, patience, **environ)
    with shown_progress():
        slow_run()
    return terminal.getvalue()


def test_a_long_run_says_how_far_it_is_and_leaves_nothing_behind(monkeypatch):
    shown = run_at_terminal(monkeypatch, patience=0.01).split("\r")
    assert any(line.strip().endswith("of 2,000 resources priced ...") for line in shown)
    assert shown[-2:] == [" " * len(shown[-2]), ""]


def test_a_short_run_says_nothing(monkeypatch):
    assert run_at_terminal(monkeypatch, patience=60) == ""


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"PRE_COMMIT": "1"}, {"TERM": "dumb"}])
def test_nothing_is_shown_where_nobody_watches(monkeypatch, environ):
    assert run_at_terminal(monkeypatch, patience=0, **environ) == ""


def test_nothing_is_shown_in_a_pipe(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    with shown_progress():
        slow_run()
    assert capsys.readouterr() == ("", "")


def test_a_run_that_fails_leaves_the_terminal_clean(monkeypatch):
    terminal = at_terminal(monkeypatch, patience=0)
    with pytest.raises(ZeroDivisionError), shown_progress():
        slow_run(until=0)
    assert terminal.getvalue().endswith(" \r")
