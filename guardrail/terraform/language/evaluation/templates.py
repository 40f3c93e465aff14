"""Templates: strings with sequences, and the loops in them."""

from __future__ import annotations

from dataclasses import replace

from guardrail.terraform.language.evaluation.dispatch import evaluate, evaluates
from guardrail.terraform.language.operators import text, undecided
from guardrail.terraform.language.scope import Scope, TemplateScope
from guardrail.terraform.language.syntax import parse_template
from guardrail.terraform.language.syntax.nodes import Join, Source, Template
from guardrail.terraform.language.types import STRING
from guardrail.terraform.language.values import NO_MARKS, Marks, Unknown, Value, string, unknown

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
    open_: Value | None = None
    marks: Marks = NO_MARKS
    for part in node.parts:
        value = text(evaluate(part, scope))
        marks |= value.marks
        if value.is_unknown:
            open_ = open_ or value
        elif open_ is None:
            known += value.raw
    if open_ is None:
        return string(known).marked(marks)
    return unknown(STRING, _with_prefix(open_, known), marks)


def _with_prefix(open_: Value, known: str) -> Unknown:
    found = undecided((open_,), STRING).raw
    # The last character may combine with what follows it, unless it is no letter.
    prefix = known[:_PREFIX]
    if prefix and (len(known) > _PREFIX or not prefix[-1].isascii() or prefix[-1].isalnum()):
        prefix = prefix[:-1]
    result: Unknown = replace(found, prefix=prefix)
    return result


@evaluates(Join)
def _join(node: Join, scope: Scope) -> Value:
    items = evaluate(node.items, scope)
    if items.is_unknown:
        return undecided((items,), STRING).marked(items.marks)
    parts = [text(part) for part in items.raw]
    open_ = next((part for part in parts if part.is_unknown), None)
    if open_ is not None:
        return undecided((open_,), STRING, not_null=False).marked(items.marks.union(*(part.marks for part in parts)))
    return string("".join(part.raw for part in parts)).marked(items.marks.union(*(part.marks for part in parts)))
