"""The line that a finding is about: of the attribute that it names, in files of the repository alone."""

import pytest

from guardrail.files.excerpt import excerpts
from tests.report import samples

MAIN = """\
resource "aws_instance" "web" {
  root_block_device {
    volume_type = "gp2"
  }
  instance_type = var.type # which is large
  tags = {
    env = "prod"
  }
}
resource "aws_instance" "flat" { user_data = "canary" }

module "web" {
  source = "./web"
}
"""


@pytest.fixture
def found(tmp_path, monkeypatch):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").write_text(MAIN, encoding="utf-8")
    (tmp_path / "outside.tf").write_text(MAIN, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "infra")

    def find(file, line, **evidence):
        one = samples.finding(file=file, line=line, evidence={key.replace("__", "."): v for key, v in evidence.items()})
        excerpt = excerpts(tmp_path / "infra")(one)
        return excerpt and (excerpt.line, excerpt.text[excerpt.start :][: excerpt.length])

    return find


@pytest.mark.parametrize(
    "line, evidence, told",
    [
        (1, {"resource__after__instance_type": "x"}, (5, "var.type # which is large")),
        (1, {"resource__instance__type": "x"}, (5, "var.type # which is large")),
        (1, {"resource__after__root_block_device": [{}]}, (2, "{")),
        (1, {"resource__tags": {}}, (6, "{")),
        (1, {"resource__after__volume_type": "gp2"}, (1, 'resource "aws_instance" "web"')),
        (1, {"resource__after__instance_type": "(sensitive)"}, (1, 'resource "aws_instance" "web"')),
        (1, {}, (1, 'resource "aws_instance" "web"')),
        (10, {"resource__after__user_data": "x"}, None),
        (12, {}, (12, 'module "web"')),
        (99, {}, None),
    ],
)
def test_the_line_is_that_of_the_attribute(found, line, evidence, told):
    assert found("main.tf", line, **evidence) == told


@pytest.mark.parametrize("file", ["../outside.tf", "gone.tf", "/etc/hosts", ".", "a\0b", "x" * 5000, None])
def test_nothing_is_read_outside_or_where_nothing_is(found, file):
    assert found(file, 1) is None
