"""Terraform configurations by grammar: most of them parse, few of them mean anything."""

from random import Random

from guardrail.terraform.language.functions.registry import FUNCTIONS

_FUNCTIONS = sorted(FUNCTIONS)
_NAMES = ("a", "b", "size", "tags", "this", "x-1")
_TYPES = (
    *("aws_instance", "aws_ebs_volume", "aws_s3_bucket", "aws_autoscaling_group", "aws_launch_template", "aws_lb"),
    *(
        "aws_db_instance",
        "aws_lambda_function",
        "google_compute_instance",
        "azurerm_linux_virtual_machine",
        "terraform_data",
        "no_such",
    ),
)
_ATTRIBUTES = (
    *("instance_type", "availability_zone", "size", "type", "iops", "tags", "region", "input", "machine_type", "zone"),
    *("location", "allocated_storage", "engine", "instance_class", "memory_size", "desired_capacity", "name"),
)
_NESTED = (
    "root_block_device",
    "ebs_block_device",
    "mixed_instances_policy",
    "launch_template",
    "boot_disk",
    "timeouts",
    "content",
    "x",
)
_REFERENCES = (
    *(
        "var.a",
        "var.b",
        "var.tags",
        "local.a",
        "local.b",
        "local.tags",
        "module.m.a",
        "module.m",
        "module.m[0].b",
        "path.module",
    ),
    *(
        "path.cwd",
        "terraform.workspace",
        "each.key",
        "each.value",
        "count.index",
        "self.a",
        "data.aws_ami.a.id",
        "data.external.b.result",
    ),
    *(
        "aws_instance.a.id",
        "aws_instance.a[0].tags",
        'aws_instance.a["a"]',
        "aws_ebs_volume.b",
        "var.none",
        "local",
        "x",
        "a.b.c",
    ),
)
_STRINGS = (
    "",
    "t3.micro",
    "us-east-1",
    "us-east-1a",
    "gp3",
    "a",
    "é\U0001f600",
    "\\n",
    "\\u0000",
    "$${x}",
    "%%{",
    "10",
    "%s %d %v",
    "2020-01-01T00:00:00Z",
)
_NUMBERS = ("0", "1", "3", "-1", "1.5", "1e3", "1e999", "9" * 60, "0.1", "007", "1e-400")
_OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||")
_CONSTRAINTS = (
    "string",
    "number",
    "bool",
    "any",
    "list(string)",
    "map(any)",
    "set(number)",
    "object({a=string,b=optional(number,1)})",
    "tuple([any])",
    "nothing",
    "map(",
)


class Configuration:
    """Writes blocks of one configuration by chance."""

    def __init__(self, random: Random):
        self.random = random
        self.choice = random.choice

    def expression(self, depth: int = 3) -> str:  # noqa: C901 - a grammar is a list of cases
        """Return any expression, nested at most so deep."""
        random, choice = self.random, self.choice
        if depth <= 0 or random.random() < 0.25:
            return choice((f'"{choice(_STRINGS)}"', choice(_NUMBERS), choice(_REFERENCES), "true", "null", "[]", "{}"))

        def part() -> str:
            return self.expression(depth - 1)

        match random.randrange(13):
            case 0 | 1 | 2 | 3:
                arguments = ", ".join(part() for _ in range(choice((0, 1, 1, 2, 2, 3))))
                return f"{choice(_FUNCTIONS)}({arguments}{choice(('', '', '', '...'))})"
            case 4:
                return f"({part()} {choice(_OPERATORS)} {part()})"
            case 5:
                return f"({part()} ? {part()} : {part()})"
            case 6:
                return f"[{', '.join(part() for _ in range(random.randrange(4)))}]"
            case 7:
                return "{" + ", ".join(f"{self._key()} = {part()}" for _ in range(random.randrange(4))) + "}"
            case 8:
                condition = choice(("", f" if {part()}"))
                if random.random() < 0.5:
                    return f"[for {choice(('v', 'k, v'))} in {part()} : {choice(('v', part()))}{condition}]"
                return f"{{for k, v in {part()} : {choice(('k', 'v', part()))} => {part()}{choice(('', '...'))}{condition}}}"
            case 9:
                return f"{part()}{choice(('[*]', '.*.a', '[0]', '.a', f'[{part()}]', '.0.1'))}"
            case 10:
                return f'"{self._template(depth)}"'
            case 11:
                return f"<<{choice(('-', ''))}EOT\n  {self._template(depth)}\n  EOT\n"
            case _:
                return f"{choice('!-')}{part()}"

    def block(self) -> str:
        """Return any block of a root module."""
        random, choice, expression = self.random, self.choice, self.expression
        name = choice(_NAMES)
        match random.randrange(14):
            case 0:
                lines = [
                    f"type = {choice(_CONSTRAINTS)}",
                    f"default = {expression(2)}",
                    f"sensitive = {expression(1)}",
                    "nullable = false",
                ]
                lines.append(f"validation {{\n condition = {expression()}\n error_message = {expression(1)}\n}}")
                return f'variable "{name}" {{\n{self._some(lines)}}}\n'
            case 1 | 2:
                return f"locals {{\n{self._attributes(_NAMES)}}}\n"
            case 3 | 4 | 5 | 6 | 7 | 8:
                return f'resource "{choice(_TYPES)}" "{name}" {{\n{self._repeated()}{self._body(2)}}}\n'
            case 9:
                return f'data "{choice(("aws_ami", "external", "aws_region", *_TYPES))}" "{name}" {{\n{self._repeated()}{self._body(1)}}}\n'
            case 10:
                source = choice(('"./m"', '"./m"', '"./m"', '"."', '"../.."', '"hashicorp/x/aws"', expression(1)))
                return f'module "m" {{\n source = {source}\n{self._repeated()}{self._attributes(_NAMES)}}}\n'
            case 11:
                return f'output "{name}" {{\n value = {expression()}\n sensitive = {choice(("true", "false", expression(1)))}\n}}\n'
            case 12:
                provider, region = choice(("aws", "google", "azurerm")), choice(('"eu-west-1"', expression(2)))
                return (
                    f'provider "{provider}" {{\n region = {region}\n default_tags {{\n tags = {expression()}\n}}\n}}\n'
                )
            case _:
                one, other = choice(_REFERENCES), choice(_REFERENCES)
                return choice(
                    (
                        f"moved {{\n from = {one}\n to = {other}\n}}\n",
                        f"import {{\n to = {one}\n id = {expression(1)}\n for_each = {expression(1)}\n}}\n",
                        f"removed {{\n from = {one}\n}}\n",
                        f'terraform {{\n required_version = {expression(1)}\n backend "{name}" {{}}\n}}\n',
                        f'check "{name}" {{\n assert {{\n condition = {expression(2)}\n}}\n}}\n',
                        f"# guardrail:ignore {name} {one}\n",
                    )
                )

    def _key(self) -> str:
        return self.choice(("a", "b", "Name", '"x y"', f"({self.expression(1)})", "1", '"${var.a}"'))

    def _template(self, depth: int) -> str:
        inner = self.expression(min(depth - 1, 2)).replace("\n", " ")
        return self.choice(
            (
                f"x ${{{inner}}} y",
                f"${{{inner}}}",
                f"%{{ if {inner} }}a%{{ else }}b%{{ endif }}",
                f"%{{ for v in {inner} ~}} ${{v}} %{{ endfor }}",
                f"${{~ {inner} ~}}",
                f"%{{ {inner}",
            )
        )

    def _attributes(self, names: tuple[str, ...]) -> str:
        return "".join(f" {self.choice(names)} = {self.expression()}\n" for _ in range(self.random.randrange(5)))

    def _repeated(self) -> str:
        many = self.choice(
            (
                "",
                "",
                f"count = {self.choice(('2', '0', '1e9', self.expression(2)))}\n",
                f"for_each = {self.expression()}\n",
            )
        )
        return many + self.choice(
            ("", "", "", f"provider = {self.choice(_REFERENCES)}\n", f"depends_on = [{self.choice(_REFERENCES)}]\n")
        )

    def _body(self, depth: int) -> str:
        text = self._attributes(_ATTRIBUTES)
        if depth and self.random.random() < 0.4:
            text += f"{self.choice(_NESTED)} {{\n{self._body(depth - 1)}}}\n"
        if depth and self.random.random() < 0.3:
            iterator = self.choice(("", f"iterator = {self.choice(_NAMES)}\n"))
            text += f'dynamic "{self.choice(_NESTED)}" {{\nfor_each = {self.expression()}\n{iterator}content {{\n{self._body(depth - 1)}}}\n}}\n'
        if self.random.random() < 0.1:
            text += f"lifecycle {{\n ignore_changes = {self.choice(('all', '[tags]', self.expression(1)))}\n precondition {{\n condition = {self.expression(1)}\n}}\n}}\n"
        return text

    def _some(self, lines: list[str]) -> str:
        return "".join(f" {line}\n" for line in lines if self.random.random() < 0.6)
