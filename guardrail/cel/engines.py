"""The two CEL engines behind one interface: Google's C++ runtime where it is installed, cel-python everywhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import product
from types import SimpleNamespace
from typing import Any, Protocol

from guardrail.cel.functions import FUNCTIONS, OPERAND_FAULT, PLUMBING, FunctionError, regex
from guardrail.cel.syntax import CelError
from guardrail.errors import ConfigError, did_you_mean

ENGINE_VARIABLE = "GUARDRAIL_CEL_ENGINE"
"""Environment variable that chooses the engine: "cpp" or "python"."""


class EvaluationError(Exception):
    """An expression cannot be evaluated on what it was given."""


_MODULE = "guardrail_functions"

Evaluate = Callable[[Any], Any]
"""Takes an activation, returns a plain Python value; raises EvaluationError."""


class Engine(Hashable, Protocol):
    """What an engine can do."""

    is_celpy: bool
    """Whether expressions must be spelled for cel-python."""

    def activation(self, values: Mapping[str, Any]) -> Any:
        """Convert values once, for any number of programs."""

    def program(self, text: str, names: Iterable[str]) -> Evaluate:
        """Compile an emitted expression. Raises CelError."""


def engine(name: str | None = None) -> Engine:
    """Return the engine of that name; by default the one that the environment names, else the fastest installed.

    Raises ConfigError for a name that is none, or one that is not installed.
    """
    name = name or os.environ.get(ENGINE_VARIABLE) or ("cpp" if find_spec("cel_expr_python") else "python")
    if name not in _ENGINES:
        raise ConfigError(
            f"no such CEL engine: {name}", where=ENGINE_VARIABLE, fix=did_you_mean(name, _ENGINES) or "cpp or python"
        )
    if name == "cpp" and not find_spec("cel_expr_python"):
        raise ConfigError("the CEL engine cpp is not installed", fix="pip install 'guardrail-finops[fast]'")
    return _load(name)


@cache
def _load(name: str) -> Engine:
    return _ENGINES[name]()


class _CppEngine:
    is_celpy = False

    def __init__(self) -> None:
        from cel_expr_python import cel  # noqa: PLC0415 - an optional dependency

        self._cel = cel
        self._environments: dict[tuple[str, ...], Any] = {}
        kinds = cel.Type
        types = {
            "s": kinds.STRING,
            "d": kinds.DOUBLE,
            "b": kinds.BOOL,
            "n": kinds.NULL,
            "l": kinds.LIST,
            "m": kinds.MAP,
        }
        # A parameter of the dynamic type takes no list or map in this engine, so that each kind is its own overload.
        self._functions = [
            cel.FunctionDecl(
                name,
                [
                    cel.Overload(
                        f"{name}_{''.join(kinds)}", cel.Type.DYN, [types[kind] for kind in kinds], False, implementation
                    )
                    for kinds in product(*parameters)
                ],
            )
            for name, (implementation, parameters) in (FUNCTIONS | PLUMBING).items()
        ]
        self._empty = cel.NewEnv()

    def _environment(self, names: Iterable[str]) -> Any:
        key = tuple(sorted(names))
        if key not in self._environments:
            variables = dict.fromkeys(key, self._cel.Type.DYN)
            self._environments[key] = self._cel.NewEnv(variables=variables, functions=self._functions)
        return self._environments[key]

    def activation(self, values: Mapping[str, Any]) -> Any:
        return self._empty.Activation(values)

    def program(self, text: str, names: Iterable[str]) -> Evaluate:
        try:
            evaluate = self._environment(names).compile(text).eval
        except RuntimeError as error:
            raise CelError(_first_line(str(error))) from None
        error_type = self._cel.Type.ERROR

        def run(activation: Any) -> Any:
            result = evaluate(activation)
            if result.type() == error_type:
                raise EvaluationError(_reason(str(result.value())))
            return result.plain_value()

        return run


class _PythonEngine:
    is_celpy = True

    def __init__(self) -> None:
        import celpy  # noqa: PLC0415 - takes a third of a second, which nobody should pay who does not need it
        import celpy.celparser  # noqa: PLC0415
        import celpy.celtypes  # noqa: PLC0415
        import celpy.evaluation  # noqa: PLC0415

        logging.getLogger("celpy").setLevel(logging.CRITICAL)  # it logs each evaluation error that it also raises
        self._failure = celpy.evaluation.CELEvalError
        self._parse_error = celpy.celparser.CELParseError
        self._types = celpy.celtypes
        # Must be chosen before the first environment of the process; several times faster than the interpreter.
        self._environment = celpy.Environment(runner_class=celpy.CompiledRunner)
        functions = {name: function for name, (function, _) in (FUNCTIONS | PLUMBING).items()}
        functions["contains"] = _contains
        self._functions = {name: self._wrapped(name, function) for name, function in functions.items()}
        # Compiled expressions name a function by its module, and run with celpy's own globals.
        vars(celpy.evaluation)[_MODULE] = SimpleNamespace(**self._functions)
        vars(celpy.evaluation)["result"] = _Checked(celpy.evaluation)

    def _wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            return self._converted(function(*args))

        call.__module__, call.__qualname__ = _MODULE, name
        return call

    def activation(self, values: Mapping[str, Any]) -> Any:
        return {name: self._converted(value) for name, value in values.items()}

    def _converted(self, value: Any) -> Any:
        types = self._types
        if isinstance(value, _converted_types(types)):
            return value
        if isinstance(value, str):
            return types.StringType(value)
        if isinstance(value, bool):
            return types.BoolType(value)
        if isinstance(value, float):
            return types.DoubleType(value)
        if isinstance(value, dict):
            return types.MapType({types.StringType(key): self._converted(part) for key, part in value.items()})
        if isinstance(value, list):
            return types.ListType([self._converted(part) for part in value])
        return None

    def program(self, text: str, names: Iterable[str]) -> Evaluate:  # noqa: ARG002 - names need no declaration here
        try:
            evaluate = self._environment.program(self._environment.compile(text), functions=self._functions).evaluate
        except (self._parse_error, self._failure, SyntaxError) as error:
            raise CelError(_first_line(str(error))) from None
        failure = self._failure

        def run(activation: Any) -> Any:
            try:
                result = evaluate(activation)
            except failure as error:
                raise EvaluationError(_reason(str(error.args))) from None
            if isinstance(result, failure):
                raise EvaluationError(_reason(str(result.args)))
            return self._plain(result)

        return run

    def _plain(self, value: Any) -> Any:
        if isinstance(value, self._types.BoolType):
            return bool(value)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, dict):
            return {str(key): self._plain(part) for key, part in value.items()}
        return [self._plain(part) for part in value] if isinstance(value, list) else None


class _Checked:
    """Celpy's `result`, but for every exception: its own lets some pass by what should absorb them (||, && and ?:)."""

    def __init__(self, evaluation: Any) -> None:
        self.__globals__ = vars(evaluation)  # where celpy runs what it compiled
        self._failure = evaluation.CELEvalError

    def __call__(self, activation: Any, expression: Callable[[Any], Any]) -> Any:
        try:
            return expression(activation)
        except self._failure as error:
            return error
        except Exception as error:  # noqa: BLE001 - what is absorbed may be anything
            return self._failure(f"no such member in mapping: {error}" if isinstance(error, KeyError) else str(error))


def _contains(text: Any, part: Any) -> bool:
    """Celpy's own fails on strings that were put together with +, which are no longer of its type."""
    if isinstance(text, str) and isinstance(part, str):
        return part in text
    raise FunctionError(OPERAND_FAULT)


@cache
def _converted_types(types: Any) -> tuple[type, ...]:
    return (types.StringType, types.BoolType, types.DoubleType, types.MapType, types.ListType)


_ENGINES: dict[str, Callable[[], Engine]] = {"cpp": _CppEngine, "python": _PythonEngine}


def _first_line(text: str) -> str:
    return text.removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: ").split("\n", 1)[0][:200]


def _reason(text: str) -> str:
    """Say in one wording why evaluation failed; the engines have one each."""
    if missing := regex(r"Key not found in map : \"(.*?)\"|no such member in mapping: (?:StringType\()?'(.*?)'").search(
        text
    ):
        return f"{missing.group(1) or missing.group(2)} is not there"
    if "ndex error" in text or "index out of range" in text:
        return "a list has fewer elements than are read of it"
    if "regular expression" in text or "regex" in text:
        return "invalid regular expression"
    return OPERAND_FAULT
