"""Edits of so many blocks of one file, proved together."""

import pytest

from benchmarks.growth import configuration
from tests.growth.test_folders import machines
from tests.growth.work import MORE

RECOMMEND = ("recommend", "--format", "json", "--now", "2026-11-20", "--only")
DISK = """\
resource "aws_ebs_volume" "disk{0}" {{
  availability_zone = "us-east-1a"
  size              = 500
  type              = "{1}"
}}
"""


def disks(size, kind):
    return "".join(DISK.format(number, kind) for number in range(size))


def used(size):
    """Attachments of all disks: what is used does not go."""
    block = 'resource "aws_volume_attachment" "a{0}" {{\n  device_name = "/dev/sdf"\n  instance_id = "i-1"\n  volume_id = aws_ebs_volume.disk{0}.id\n}}\n'
    return "".join(map(block.format, range(size)))


CASES = {
    "attributes": ("rightsizing", lambda size: disks(size, "gp2") + used(size)),
    "removals": ("clean-up", lambda size: disks(size, "gp3")),
    "additions": ("schedules", machines),
}


@pytest.mark.parametrize("name", CASES)
def test_three_times_the_edits_take_three_times_the_work(name, growth):
    kind, text = CASES[name]

    def write(folder, size):
        configuration(folder, text(size))
        (folder / "guardrail.yaml").write_text("version: 1\nprojects: [{name: shop, path: ., env: dev}]\n")
        return (*RECOMMEND, kind)

    assert growth(write, 6) < MORE


def test_three_times_the_findings_take_three_times_the_work_to_fix(growth):
    def write(folder, size):
        inputs = configuration(folder, machines(size, '"m4.large"'))
        return ("check", "--fix-diff", "--now", "2026-11-28", *inputs)

    assert growth(write, 40) < 1.5, "difflib compares lines that are alike with several of their kind"
