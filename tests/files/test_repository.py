"""Files of findings, told from the repository's top, if they are there."""

import pytest
from msgspec import structs

from guardrail.files.repository import repository_files, seen_from_repository
from guardrail.model.report import ProjectReport
from guardrail.model.resource import SourceLine
from tests.report import samples


@pytest.fixture
def here(tmp_path):
    """Return a folder inside a repository, with a project beside it."""
    for name in (".git/HEAD", "infra/live/prod/main.tf", "infra/live/prod/plan.json", "infra/modules/web/web.tf",
                 "infra/live/test/b.tf", "infra/live/test/a.tf", "infra/guardrail.waivers.yaml"):  # fmt: skip
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "outside.tf").touch()
    return tmp_path / "repository" / "infra"


def report(path, *files):
    findings = tuple(samples.finding(file=file, line=3 if file else None) for file in files)
    return structs.replace(samples.report(), projects=(ProjectReport("shop", path, (), findings),))


@pytest.mark.parametrize(
    "path, file, told",
    [
        ("live/prod", "main.tf", ("main.tf", 3)),
        ("live/prod/plan.json", "main.tf", ("main.tf", 3)),
        ("live/prod", "../../modules/web/web.tf", ("../../modules/web/web.tf", 3)),
        ("live/prod", "live/prod/main.tf", ("main.tf", 3)),
        ("live/prod", "gone.tf", ("main.tf", None)),
        ("live/prod", "../../../../outside.tf", ("main.tf", None)),
        ("live/prod", None, ("main.tf", None)),
        ("live/test", None, ("a.tf", None)),
    ],
)
def test_files_are_told_from_their_project_s_folder_if_they_are_there(here, path, file, told):
    (project,) = seen_from_repository(report(path, file), here).projects
    assert project.path == path.removesuffix("/plan.json").replace("live", "infra/live", 1)
    assert [(one.file, one.line) for one in project.findings] == [told]


def test_a_project_outside_the_repository_is_where_we_are(here):
    (project,) = seen_from_repository(report("../../elsewhere/plan.json", "x.tf"), here).projects
    assert (project.path, project.findings[0].file) == ("infra", None)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 1_000_000, "y/" * 3_000, "a\nb", ""])
def test_a_name_that_no_file_can_have_is_not_there(here, name):
    whole = structs.replace(report(name, name), findings=(samples.finding(file=name, line=1),))
    seen = seen_from_repository(whole, here)
    assert [one.file for one in seen.all_findings] == [None, None]
    assert repository_files(whole, here) == {}


def test_findings_about_the_whole_run_are_told_from_the_top(here):
    whole = structs.replace(report("live/prod"), findings=(samples.finding(file="guardrail.waivers.yaml", line=2),))
    (found,) = seen_from_repository(whole, here).findings
    assert (found.file, found.line) == ("infra/guardrail.waivers.yaml", 2)


def test_the_root_module_is_the_topmost_folder_of_the_sources(here):
    sources = (SourceLine("live/test/a.tf", 1), SourceLine("modules/web/web.tf", 1), SourceLine("live/test/b.tf", 1))
    resources = tuple(samples.resource(f"aws_instance.n{i}", source=one) for i, one in enumerate(sources))
    project = ProjectReport(
        "shop", "plan.json", resources, (samples.finding(), samples.finding(file="modules/web/web.tf"))
    )
    seen = seen_from_repository(structs.replace(samples.report(), projects=(project,)), here)
    assert seen.projects[0].path == "infra/live/test"
    assert [one.file for one in seen.projects[0].findings] == ["a.tf", "../../modules/web/web.tf"]


def test_what_concerns_the_whole_run_is_at_its_only_project(here):
    whole = structs.replace(report("live/test"), findings=(samples.finding(address=""),))
    assert [one.file for one in seen_from_repository(whole, here).findings] == ["infra/live/test/a.tf"]
    several = structs.replace(whole, projects=whole.projects * 2)
    assert [one.file for one in seen_from_repository(several, here).findings] == [None]


def test_files_to_link_to_are_those_that_are_there(here):
    found = repository_files(report("live/prod", "main.tf", "gone.tf"), here)
    assert found == {("shop", "main.tf"): "infra/live/prod/main.tf"}
