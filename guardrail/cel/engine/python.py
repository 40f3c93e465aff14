"""The engine in Python: cel-python turns an expression into Python code, which runs here on plain Python values.

Of cel-python only the parser and the translation are used. What its operators and macros do with an error differs from
CEL, so that the translated code is given operators of our own. As in Google's engine an error is a value: an operator or
function with an error among its operands has that error as its result, the first one if there are several; only
`&&`, `||`, `? :` and macros do otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from types import SimpleNamespace
from typing import Any

import celpy
import celpy.celparser
import celpy.evaluation

from guardrail.cel.engine.emit import spelled
from guardrail.cel.engine.engines import Compiled, Evaluate
from guardrail.cel.engine.operators import OPERATORS, UNARY, Overloads
from guardrail.cel.expression.syntax import CelError
from guardrail.cel.expression.tree import UInt
from guardrail.cel.failures import OPERAND_FAULT, SAME_KEY, EvaluationError, StepsError, reason
from guardrail.cel.functions import FUNCTIONS, Function
from guardrail.cel.functions.instants import Duration, Timestamp
from guardrail.cel.functions.values import elements as ordered
from guardrail.cel.functions.values import kind

_MODULE = "guardrail_operators"
_LABELS = {"in": "_in_", "[]": "_[_]"}
"""What cel-python calls an operator, where that is not the operator between two lines."""

_TOO_DEEP = "nested too deeply"
_FLATTER = "write sum([a, b, ...]) or [a, b, ...].join() for many operands, or fewer brackets"

MAX_STEPS = 1_000_000
"""Times that bodies of macros may be evaluated in one evaluation: some seconds."""

Thunk = Callable[[], Any]


class _Failure:
    """An error as a value."""

    __slots__ = ("reason",)

    def __init__(self, why: str) -> None:
        self.reason = why


_OPERAND_FAULT = _Failure(OPERAND_FAULT)


class _Steps:
    """Counts the bodies of macros in one evaluation. There is one, as evaluation is not concurrent."""

    taken = 0

    def count(self) -> None:
        self.taken += 1
        if self.taken > MAX_STEPS:
            raise StepsError


_steps = _Steps()


class _Activation:
    """The values of names, as attributes."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        return _OPERAND_FAULT

    def with_element(self, name: str, value: Any) -> _Activation:
        return _Activation({**self.__dict__, name: value})


class PythonEngine:
    """cel-python's reading of CEL over our own operators."""

    has_functions = False

    def __init__(self) -> None:
        # What cel-python logs of an expression is no message for users of guardrail: errors are raised here.
        logging.getLogger("celpy").setLevel(logging.CRITICAL)
        self._environment = celpy.Environment(runner_class=celpy.CompiledRunner)
        tables = {_LABELS.get(name, f"_{name}_"): overloads for name, overloads in OPERATORS.items()}
        tables |= {f"{name}_": overloads for name, overloads in UNARY.items()}
        functions = {name: _strict(overloads) for name, overloads in tables.items()}
        functions |= {spelled(ways[0]): _dispatched(ways) for ways in FUNCTIONS.values()}
        functions |= {
            "f_boxed": _boxed,
            "f_unboxed": _unboxed,
            "double": functions["f_double"],
        }
        functions |= {"_&&_": _and, "_||_": _or, "_?_:_": _choice}
        # The translated code names a function by its module and qualified name.
        for number, function in enumerate(functions.values()):
            function.__module__, function.__qualname__ = _MODULE, f"f{number}"
        self._functions: Any = functions
        self._globals: dict[str, Any] = {
            _MODULE: SimpleNamespace(**{function.__qualname__: function for function in functions.values()}),
            "celpy": _runtime(),
            "base_activation": None,
        }

    def activation(self, values: Mapping[str, Any]) -> _Activation:
        """Hand over values as they are: they are plain already."""
        return _Activation(values)

    def program(self, text: str, names: Iterable[str]) -> Compiled:  # noqa: ARG002 - any name does
        """Translate an emitted expression. Raises CelError."""
        try:
            runner: Any = self._environment.program(self._environment.compile(text), functions=self._functions)
        except RecursionError:
            raise CelError(_TOO_DEEP, hint=_FLATTER) from None
        except (celpy.celparser.CELParseError, celpy.evaluation.CELEvalError, SyntaxError) as error:
            is_deep = "too many nested" in str(error)
            raise CelError(*((_TOO_DEEP, 1, _FLATTER) if is_deep else (str(error).split("\n", 1)[0][:200],))) from None
        code = dict(self._globals)
        exec(runner.tp.executable_code, code)  # noqa: S102 - code that cel-python made of an expression
        expression = code["CEL"].func

        def run(activation: _Activation) -> Any:
            # The bound is of one evaluation, so each begins at 0.
            _steps.taken = 0
            result = expression(activation)
            if isinstance(result, _Failure):
                raise EvaluationError(result.reason)
            return result

        return Compiled(run, text.encode)

    def restored(self, kept: bytes, names: Iterable[str]) -> Evaluate:
        """Translate again: what is kept is CEL, never code in Python, which whoever writes the file could choose."""
        try:
            return self.program(kept.decode(), names).evaluate
        except UnicodeDecodeError as error:
            raise CelError(str(error)) from None


def _runtime() -> SimpleNamespace:
    """Return what translated code finds under the name of celpy."""
    macros = {"map": _map, "filter": _filter, "exists_one": _exists_one, "exists": _exists, "all": _all}
    return SimpleNamespace(
        celtypes=SimpleNamespace(
            DoubleType=float,
            IntType=int,
            UintType=UInt,
            StringType=str,
            BytesType=bytes,
            BoolType=bool,
            ListType=_list,
            MapType=_map_of,
        ),
        evaluation=SimpleNamespace(
            # Operands that may not be needed, and the whole expression, are evaluated when they are.
            result=lambda activation, expression: partial(expression, activation),
            **{f"macro_{name}": partial(_over, macro) for name, macro in macros.items()},
        ),
    )


def _strict(overloads: Overloads) -> Callable[..., Any]:
    """Return the operator or function over any operands: with an error among them, it is the result."""

    def call(*operands: Any) -> Any:
        for operand in operands:
            if type(operand) is _Failure:
                return operand
        function = overloads.get("".join(map(kind, operands)))
        if function is None:
            return _OPERAND_FAULT
        try:
            return function(*operands)
        except Exception as error:  # noqa: BLE001 - whatever it is, the expression has no value
            return _Failure(reason(str(error)))

    return call


def _dispatched(ways: list[Function]) -> Callable[..., Any]:
    """Return a function over any operands, which picks the way to call it by their kinds."""
    chosen: dict[str, Function | None] = {}

    def call(*operands: Any) -> Any:
        for operand in operands:
            if type(operand) is _Failure:
                return operand
        kinds = "".join(map(kind, operands))
        if kinds not in chosen:
            chosen[kinds] = next((one for one in ways if _takes(one, kinds)), None)
        way = chosen[kinds]
        if way is None:
            return _OPERAND_FAULT
        try:
            found = way.converted(operands)
            return found if way.native else _handed_back(found)
        except Exception as error:  # noqa: BLE001 - whatever it is, the expression has no value
            return _Failure(reason(str(error)))

    return call


def _handed_back(value: Any) -> Any:
    """Return what a function of ours gives as Google's engine takes it back, so that the answers are the same."""
    if isinstance(value, UInt):
        return int(value)
    return _OPERAND_FAULT if isinstance(value, Timestamp | Duration) or _holds_instants(value) else value


def _holds_instants(value: Any) -> bool:
    """Say whether there are timestamps or durations in it."""
    if isinstance(value, list | dict):
        parts = value if isinstance(value, list) else value.values()
        return any(isinstance(part, Timestamp | Duration) or _holds_instants(part) for part in parts)
    return False


def _takes(function: Function, kinds: str) -> bool:
    return function.takes(len(kinds)) and all(
        letter in function.param(place).replace("x", "s") for place, letter in enumerate(kinds)
    )


def _boxed(value: Any) -> list[Any]:
    """Return what `cel.bind` names as the only element of a list: an error in it counts where it is used."""
    return [value]


def _unboxed(values: Any) -> Any:
    return values if type(values) is _Failure else values[0]


def _list(items: list[Any]) -> Any:
    return next((item for item in items if type(item) is _Failure), items)


def _map_of(entries: Iterable[tuple[Any, Any]] = ()) -> Any:
    pairs = list(entries)
    failed = _list([part for pair in pairs for part in pair])
    if type(failed) is _Failure:
        return failed
    if any(kind(key) not in "siub" for key, _ in pairs):
        return _OPERAND_FAULT
    made = {(type(key) is bool, key): (key, value) for key, value in pairs}  # in Python, True and 1 are one key
    made = dict(made.values())
    return made if len(made) == len(pairs) else _Failure(SAME_KEY)


def _choice(condition: Thunk, then: Thunk, otherwise: Thunk) -> Any:
    chosen = _truth(condition())
    if type(chosen) is _Failure:
        return chosen
    return then() if chosen else otherwise()


def _and(left: Thunk, right: Thunk) -> Any:
    return _connected(left(), right, deciding=False)


def _or(left: Thunk, right: Thunk) -> Any:
    return _connected(left(), right, deciding=True)


def _connected(left: Any, right: Thunk, *, deciding: bool) -> Any:
    """Combine: the deciding value on either side is the result, whatever the other one is."""
    if left is deciding:
        return left
    other = right()
    if other is deciding:
        return other
    if type(left) is _Failure:
        return left
    if type(other) is _Failure:
        return other
    return other if left is other is (not deciding) else _OPERAND_FAULT


def _truth(value: Any) -> Any:
    return value if type(value) in {bool, _Failure} else _OPERAND_FAULT


def _over(
    macro: Callable[[list[Any], Callable[[Any], Any]], Any],
    activation: _Activation,
    name: str,
    body: Callable[[_Activation], Any],
    through: Callable[[_Activation], Any],
) -> Any:
    """Run a macro over the elements of a list or the keys of a map."""
    values = through(activation)
    if type(values) is _Failure:
        return values
    if not isinstance(values, list | dict):
        return _OPERAND_FAULT
    elements = ordered(values) if isinstance(values, dict) else values

    def of(element: Any) -> Any:
        _steps.count()
        return body(activation.with_element(name, element))

    return macro(elements, of)


def _map(elements: list[Any], body: Callable[[Any], Any]) -> Any:
    return _list([body(element) for element in elements])


def _filter(elements: list[Any], body: Callable[[Any], Any]) -> Any:
    answers = [_truth(body(element)) for element in elements]
    # Google's engine names the last error here.
    failed = [answer for answer in answers if type(answer) is _Failure]
    return failed[-1] if failed else [element for element, answer in zip(elements, answers, strict=True) if answer]


def _exists_one(elements: list[Any], body: Callable[[Any], Any]) -> Any:
    found = _filter(elements, body)
    return found if type(found) is _Failure else len(found) == 1


def _all(elements: list[Any], body: Callable[[Any], Any]) -> Any:
    return _folded(elements, body, deciding=False)


def _exists(elements: list[Any], body: Callable[[Any], Any]) -> Any:
    return _folded(elements, body, deciding=True)


def _folded(elements: list[Any], body: Callable[[Any], Any], *, deciding: bool) -> Any:
    def step(so_far: Any, element: Any) -> Any:
        return _connected(so_far, partial(body, element), deciding=deciding)

    return reduce(step, elements, not deciding)
