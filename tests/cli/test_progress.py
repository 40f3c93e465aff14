"""How far a download is: one bar on a terminal, lines elsewhere."""

from __future__ import annotations

import io
import sys

from guardrail.cli.progress import told


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_there_is_a_bar_for_what_is_fetched_now(monkeypatch):
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    tell, shown = told()
    with shown:
        services = tell.progress("list of services")
        tell.progress("one.csv")(5, 10)
        tell.progress("two.csv")(7, 10)
        services(9, None)  # whose bar is gone
        tell.line("aws AmazonEC2: 3 prices")
    seen = terminal.getvalue()
    assert "aws AmazonEC2: 3 prices" in seen
    last = seen[seen.rindex("aws AmazonEC2: 3 prices") :]
    assert "two.csv" in last
    assert "one.csv" not in last
    assert "services" not in last


def test_elsewhere_there_are_lines_alone(capsys):
    tell, shown = told()
    with shown:
        tell.progress("one.csv")(5, 10)
        tell.line("aws AmazonEC2: 3 prices")
    assert capsys.readouterr() == ("", "aws AmazonEC2: 3 prices\n")
