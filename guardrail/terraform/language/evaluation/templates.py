"""Templates: strings with sequences, and the loops in them."""

from __future__ import annotations

from msgspec.structs import replace

from guardrail.terraform.language.evaluation.dispatch import evaluate, evaluates
from guardrail.terraform.language.operators import text, undecided
from guardrail.terraform.language.scope import Scope, TemplateScope
from guardrail.terraform.language.syntax import parse_template
from guardrail.terraform.language.syntax.nodes import Join, Source, Template
from guardrail.terraform.language.types import STRING
from guardrail.terraform.language.values import NO_MARKS, Marks, Value, string, unknown

_PREFIX = 128  # characters of a template that are kept of one with an unknown part, as Terraform does


def render(template: str, variables: Value, name: str, scope: Scope) -> Value:
    """Render a template's text for `templatefile` and `templatestring`; `name` is what messages call it.

    `variables` is an object or a map that is known as a whole. Raises EvaluationError.
    """
    expression = parse_template(Source(name, template.encode()))
    inner = TemplateScope({key: part.marked(variables.marks) for key, part in variables.raw.items()}, scope)
    return evaluate(expression, inner)


@evaluates(Template)
def _template(node: Template, scope: Scope) -> Value:
    """Join the parts; a part that is unknown makes the result so, with what comes before it as known prefix."""
    known = ""
    unknown_part: Value | None = None
    marks: Marks = NO_MARKS
    for part in node.parts:
        value = text(evaluate(part, scope))
        marks |= value.marks
        if value.is_unknown:
            unknown_part = unknown_part or value
        elif unknown_part is None:
            known += value.raw
    if unknown_part is None:
        return string(known).marked(marks)
    # The last character may combine with what follows it, unless it is no letter.
    prefix = known[:_PREFIX]
    if prefix and (len(known) > _PREFIX or not prefix[-1].isascii() or prefix[-1].isalnum()):
        prefix = prefix[:-1]
    return unknown(STRING, replace(undecided((unknown_part,), STRING).raw, prefix=prefix), marks)


@evaluates(Join)
def _join(node: Join, scope: Scope) -> Value:
    """Put together the texts that `%{for}` makes. Unknown has no prefix here, and may be null, as in HCL's TemplateJoinExpr."""
    items = evaluate(node.items, scope)
    if items.is_unknown:
        return undecided((items,), STRING).marked(items.marks)
    parts = [text(part) for part in items.raw]
    unknown_part = next((part for part in parts if part.is_unknown), None)
    if unknown_part is not None:
        return undecided((unknown_part,), STRING, not_null=False).marked(
            items.marks.union(*(part.marks for part in parts))
        )
    return string("".join(part.raw for part in parts)).marked(items.marks.union(*(part.marks for part in parts)))
