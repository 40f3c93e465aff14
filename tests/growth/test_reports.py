"""Reports of many findings in each format, and results of many checks."""

import pytest

from benchmarks.growth import configured, created, machine, planned
from tests.growth.test_plans import CHECK
from tests.growth.work import MORE

NOW = CHECK[-2:]
FORMATS = ("table", "markdown", "html", "sarif", "infracost-json")


def violated(folder, size):
    """Instances without the tags that are asked for."""
    changes = [created("aws_instance", f"web{number}", None, {**machine(""), "tags": {}}) for number in range(size)]
    return planned(folder, changes)


def in_format(name):
    return lambda folder, size: ("check", "--format", name, *NOW, *violated(folder, size))


@pytest.fixture
def results(command):
    """Write the result of a check, and copies of it for so many projects: `results(folder, size)`."""

    def write(folder, size):
        inputs = violated(folder, 3)
        text = command(*CHECK, *inputs, "--project", "project-0", cwd=folder).stdout
        names = [f"result-{number}.json" for number in range(size)]
        for number, name in enumerate(names):
            (folder / name).write_text(text.replace("project-0", f"project-{number}"))
        configured(folder)
        return names

    return write


@pytest.mark.parametrize("name", FORMATS)
def test_three_times_the_findings_take_three_times_the_work(name, growth):
    assert growth(in_format(name), 30) < MORE


@pytest.mark.parametrize("name", ["json", "markdown"])
def test_three_times_the_results_take_three_times_the_work_to_merge(name, growth, results):
    merged = ("report", "--format", name, "--comment", "never", *NOW)
    assert growth(lambda folder, size: (*merged, *results(folder, size)), 10) < MORE


def test_three_times_the_stored_results_take_three_times_the_work_to_replay(growth, results):
    def stored(folder, size):
        (folder / "stored").mkdir()
        for name in results(folder, size):
            (folder / name).rename(folder / "stored" / name)
        return ("check", "--replay", "stored", "--format", "json", *NOW)

    assert growth(stored, 8) < MORE
