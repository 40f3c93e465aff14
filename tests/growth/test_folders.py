"""Folders of configuration that grow in one direction each."""

import pytest

from benchmarks import growth as made
from benchmarks.growth import configuration
from tests.growth.test_plans import check
from tests.growth.work import MORE

MACHINE = (
    'resource "aws_instance" "web{}" {{\n  ami = "ami-1"\n  instance_type = {}\n  tags = {{ team = "core" }}\n{}}}\n'
)
MODULE = MACHINE.format("", '"m5.large"', "  user_data = var.name\n") + (
    'variable "name" {}\noutput "id" {\n  value = aws_instance.web.id\n}\n'
)


def machines(size, kind='"m5.large"', more=""):
    """Blocks of so many instances."""
    return "".join(MACHINE.format(number, kind, more.format(number)) for number in range(size))


def files(folder, size):
    for number in range(size):
        (folder / f"web{number}.tf").write_text(MACHINE.format(number, '"m5.large"', ""))
    return configuration(folder, "")


def locals_(folder, size):
    """A chain of local values, each the one before with a prefix that goes again, in the opposite order."""
    steps = [f'locals {{\n  v{n} = trimprefix("x${{local.v{n - 1}}}", "x")\n}}\n' for n in range(size, 0, -1)]
    return configuration(folder, "".join(steps) + 'locals {\n  v0 = "m5.large"\n}\n' + machines(1, f"local.v{size}"))


def variables(folder, size):
    names = [f"v{number}" for number in range(size)]
    (folder / "terraform.tfvars").write_text("".join(f'{name} = "m5.large"\n' for name in names))
    text = "".join(f'variable "{name}" {{\n  type = string\n}}\n' for name in names)
    return configuration(folder, text + "".join(MACHINE.format(name, f"var.{name}", "") for name in names))


def chain(folder, size):
    return configuration(
        folder,
        machines(1)
        + "".join(
            MACHINE.format(n, '"m5.large"', f"  user_data = aws_instance.web{n - 1}.id\n") for n in range(1, size)
        ),
    )


def counted(folder, size):
    """Instances of which each goes through all of another resource, in the way of modules of old."""
    more = f"  count = {size}\n"
    attachment = f"""\
resource "aws_volume_attachment" "web" {{
  count       = {size}
  device_name = "/dev/sdf"
  instance_id = element(aws_instance.web[*].id, count.index)
  volume_id   = [for one in aws_ebs_volume.web : one.id][count.index]
}}
resource "aws_ebs_volume" "web" {{
  count             = {size}
  size              = 10
  type              = "gp3"
  availability_zone = aws_instance.web[count.index].availability_zone
  tags              = {{ team = "core", all = length(aws_instance.web) }}
}}
"""
    return configuration(folder, MACHINE.format("", '"m5.large"', more) + attachment)


def comprehended(folder, size):
    """Lists, maps and groups that expressions make."""
    text = f"""\
locals {{
  names  = [for pair in setproduct(range(10), range({size // 10 + 1})) : join("-", pair)]
  groups = {{ for name in local.names : substr(name, 0, 1) => name... }}
  pairs  = distinct(flatten([for name in local.names : [name, name]]))
}}
"""
    return configuration(folder, text + machines(1, more="  user_data = join(local.pairs, keys(local.groups))\n"))


def providers(folder, size):
    alias = 'provider "aws" {{\n  alias  = "p{0}"\n  region = "us-east-1"\n  default_tags {{\n    tags = {{ team = "core" }}\n  }}\n}}\n'
    return configuration(
        folder, "".join(map(alias.format, range(size))) + machines(size, more="  provider = aws.p{}\n")
    )


def data(folder, size):
    sources = "".join(f'data "aws_ami" "d{number}" {{\n  owners = ["self"]\n}}\n' for number in range(size))
    return configuration(folder, sources + machines(size, more="  user_data = data.aws_ami.d{}.id\n"))


def counted_module(folder, size):
    (folder / "part").mkdir()
    (folder / "part" / "main.tf").write_text(MODULE)
    call = f'module "m" {{\n  source = "./part"\n  count  = {size}\n  name   = "web${{count.index}}"\n}}\n'
    return configuration(
        folder, call + MACHINE.format("", '"m5.large"', f"  count = {size}\n  user_data = module.m[count.index].id\n")
    )


def deep(folder, size):
    """Modules within modules; a check follows paths of files, which become longer."""
    place = folder
    for _ in range(size):
        (place / "part").mkdir()
        (place / "main.tf").write_text(
            'module "m" {\n  source = "./part"\n}\noutput "id" {\n  value = module.m.id\n}\n'
        )
        place /= "part"
    (place / "main.tf").write_text(MODULE.replace('"name" {}', '"name" {\n  default = ""\n}'))
    made.configured(folder)
    return ["."]


def waived(folder, size):
    comment = '# guardrail:ignore required-tags until=2026-12-10 reason="agreed"\n'
    block = MACHINE.replace('tags = {{ team = "core" }}', "")
    return configuration(folder, "".join(comment + block.format(number, '"m5.large"', "") for number in range(size)))


CASES = {
    "instances of a block": (20, made.instances),
    "instances over another resource's": (20, made.keyed),
    "instances that go through all of another": (20, counted),
    "modules": (10, made.modules),
    "instances of a module": (10, counted_module),
    "nested blocks": (30, made.blocks),
    "blocks": (20, lambda folder, size: configuration(folder, machines(size))),
    "files": (15, files),
    "a chain of local values": (40, locals_),
    "variables": (20, variables),
    "a chain of references": (20, chain),
    "elements of expressions": (100, comprehended),
    "providers": (10, providers),
    "data sources": (20, data),
    "waivers in comments": (20, waived),
}


@pytest.mark.parametrize("name", CASES)
def test_three_times_the_folder_takes_three_times_the_work(name, growth):
    size, write = CASES[name]
    assert growth(check(write), size) < MORE


def test_three_times_the_depth_of_modules_takes_less_than_four_times_the_work(growth):
    assert growth(check(deep), 5) < 1.5, "paths are as long as modules are deep"
