"""yamlencode and yamldecode by name. What does them loads PyYAML, which most configurations do not need."""

from __future__ import annotations

from guardrail.terraform.language.functions.signature import Function, Parameter
from guardrail.terraform.language.types import ANY, STRING
from guardrail.terraform.language.values import Value


def _yamlencode(value: Value) -> Value:
    from guardrail.terraform.language.functions.yaml_text import yamlencode  # noqa: PLC0415 - loads PyYAML

    return yamlencode(value)


def _yamldecode(text: Value) -> Value:
    from guardrail.terraform.language.functions.yaml_text import yamldecode  # noqa: PLC0415 - loads PyYAML

    return yamldecode(text)


FUNCTIONS = {
    "yamlencode": Function((Parameter(null=True, dynamic=True),), STRING, _yamlencode, not_null=False),
    "yamldecode": Function((Parameter(STRING),), ANY, _yamldecode, not_null=False),
}
