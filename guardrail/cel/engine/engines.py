"""The two CEL engines behind one interface: Google's C++ runtime where it is installed, cel-python everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

from guardrail.cel.engine.emit import spelled
from guardrail.cel.expression.syntax import CelError
from guardrail.cel.expression.tree import UInt
from guardrail.cel.failures import DepthError, EvaluationError, StepsError, reason
from guardrail.cel.functions import FUNCTIONS, Function
from guardrail.cel.functions.plumbing import ANY
from guardrail.errors import ConfigError, did_you_mean

ENGINE_VARIABLE = "GUARDRAIL_CEL_ENGINE"
"""Environment variable that chooses the engine: "cpp" or "python"."""


Evaluate = Callable[[Any], Any]
"""Takes an activation, returns a plain Python value; raises EvaluationError, and StepsError past the engine's bound."""


class Compiled(NamedTuple):
    """An expression as an engine has compiled it, and `kept`, what gives the form from which `Engine.restored` has it again."""

    evaluate: Evaluate
    kept: Callable[[], bytes]


_BUDGET = "Iteration budget exceeded"
"""What Google's engine says after 10,000 elements in all macros of an expression, a bound that cannot be set."""


class Engine(Hashable, Protocol):
    """What an engine can do."""

    has_functions: bool
    """Whether it has the functions that are marked as native."""

    def activation(self, values: Mapping[str, Any]) -> Any:
        """Convert values once, for any number of programs."""

    def program(self, text: str, names: Iterable[str]) -> Compiled:
        """Compile an emitted expression. Raises CelError, and DepthError for one that another engine may take."""

    def restored(self, kept: bytes, names: Iterable[str]) -> Evaluate:
        """Return what was compiled before, and kept. Raises CelError for what is no such form."""


def engine(name: str | None = None) -> Engine:
    """Return the engine of that name; by default the one that the environment names, else the fastest installed.

    Raises ConfigError for a name that is none, or one that is not installed.
    """
    return _load(_chosen(name))


def engine_package(name: str | None = None) -> str:
    """Return the distribution that the engine of that name comes in. Raises ConfigError as `engine` does."""
    return {"cpp": "cel-expr-python", "python": "cel-python"}[_chosen(name)]


@cache
def engine_version(name: str | None = None) -> str:
    """Return the distribution of an engine with its version: "cel-python 0.4.0". Raises ConfigError as `engine` does."""
    package = engine_package(name)
    return f"{package} {_version(package)}"


def _version(package: str) -> str:
    """Return the version of a distribution by the name of its folder: importlib.metadata takes longer to load than a rule to compile."""
    begin, end = f"{package.replace('-', '_')}-", ".dist-info"
    for folder in sys.path:
        with suppress(OSError):
            for name in os.listdir(folder or "."):  # noqa: PTH208 - names are enough
                if name.startswith(begin) and name.endswith(end):
                    return name[len(begin) : -len(end)]
    from importlib.metadata import version  # noqa: PLC0415 - not installed as wheels are

    return version(package)


def _chosen(name: str | None) -> str:
    name = name or os.environ.get(ENGINE_VARIABLE) or ("cpp" if _has_cpp() else "python")
    if name not in _ENGINES:
        raise ConfigError(
            f"no such CEL engine: {name}", where=ENGINE_VARIABLE, fix=did_you_mean(name, _ENGINES) or "cpp or python"
        )
    if name == "cpp" and not _has_cpp():
        raise ConfigError("the CEL engine cpp is not installed", fix="pip install 'guardrail-finops[fast]'")
    return name


def installed_engines() -> tuple[str, ...]:
    """Return the engines that there are here, or the one that the environment names. Raises ConfigError."""
    if name := os.environ.get(ENGINE_VARIABLE):
        engine(name)
        return (name,)
    return ("cpp", "python") if _has_cpp() else ("python",)


@cache
def _has_cpp() -> bool:
    return find_spec("cel_expr_python") is not None


@cache
def _load(name: str) -> Engine:
    return _ENGINES[name]()


class _CppEngine:
    has_functions = True

    def __init__(self) -> None:
        from cel_expr_python import cel  # noqa: PLC0415 - an optional dependency
        from cel_expr_python.ext import ext_bindings, ext_encoders, ext_math, ext_strings  # noqa: PLC0415

        self._cel = cel
        self._environments: dict[tuple[str, ...], Any] = {}
        self._extensions = [
            ext_bindings.ExtBindings(),
            ext_encoders.ExtEncoders(),
            ext_math.ExtMath(),
            ext_strings.ExtStrings(),
        ]
        types = cel.Type
        self._types = {
            "s": types.STRING,
            "i": types.INT,
            "u": types.UINT,
            "d": types.DOUBLE,
            "b": types.BOOL,
            "n": types.NULL,
            "l": types.LIST,
            "m": types.MAP,
            "y": types.BYTES,
            "t": types.TIMESTAMP,
            "r": types.DURATION,
        }
        self._functions = [
            self._declared(spelled(ways[0]), ways) for ways in FUNCTIONS.values() if not all(one.native for one in ways)
        ]
        self._empty = cel.NewEnv()

    def _declared(self, name: str, ways: list[Function]) -> Any:
        """Declare a function. A parameter of the dynamic type takes no list or map here, so each kind is an overload."""
        overloads = {
            "".join(kinds): _handed_over(one, kinds)
            for one in ways
            for kinds in one.kinds()
            if set("".join(kinds)) <= set(ANY)
        }
        return self._cel.FunctionDecl(
            name,
            [
                self._cel.Overload(
                    f"{name}_{kinds}", self._cel.Type.DYN, [self._types[kind] for kind in kinds], False, call
                )
                for kinds, call in overloads.items()
            ],
        )

    def _environment(self, names: Iterable[str]) -> Any:
        key = tuple(sorted(names))
        if key not in self._environments:
            variables = dict.fromkeys(key, self._cel.Type.DYN)
            self._environments[key] = self._cel.NewEnv(
                variables=variables, functions=self._functions, extensions=self._extensions
            )
        return self._environments[key]

    def activation(self, values: Mapping[str, Any]) -> Any:
        return self._empty.Activation(values)

    def program(self, text: str, names: Iterable[str]) -> Compiled:
        try:
            # Types are checked in guardrail.cel.analysis.types, which knows that data may be of any.
            expression = self._environment(names).compile(text, disable_check=True)
        except RuntimeError as error:
            if "recursion" in str(error):
                raise DepthError from None
            raise CelError(_first_line(str(error))) from None
        return Compiled(self._evaluating(expression.eval), expression.serialize)

    def restored(self, kept: bytes, names: Iterable[str]) -> Evaluate:
        # Nine tenths of what compiling takes is parsing, which this leaves out.
        try:
            return self._evaluating(self._environment(names).deserialize(kept).eval)
        except RuntimeError as error:
            raise CelError(_first_line(str(error))) from None

    def _evaluating(self, evaluate: Callable[[Any], Any]) -> Evaluate:
        error_type, null_type = self._cel.Type.ERROR, self._cel.Type.NULL

        def run(activation: Any) -> Any:
            try:
                result = evaluate(activation)
                kind = result.type()
                if kind == null_type:  # whose value would be a reference to None that nobody has counted
                    return None
                value = result.plain_value()
                if type(value) is not str or kind != error_type:  # the value of an error is its text
                    if type(value) in _CONTAINERS:
                        _count_nulls(value)
                    return value
                error_text = value
            except TypeError:
                error_text = ""  # an error inside a list, which has no value in Python
            except RuntimeError as error:
                error_text = str(error)
            if _BUDGET in error_text:
                raise StepsError
            raise EvaluationError(reason(error_text))

        return run


_CONTAINERS = frozenset({list, dict})


def _count_nulls(value: Any) -> None:
    """Count the references to None in a value of Google's engine, which forgets to: Python ends where none seem to be left.

    From Python 3.12 on, nobody counts them.
    """
    for part in value.values() if isinstance(value, dict) else value:
        if part is None:
            _counter()(None)
        elif type(part) in _CONTAINERS:
            _count_nulls(part)


@cache
def _counter() -> Callable[[Any], None]:
    import ctypes  # noqa: PLC0415 - for lists with null in them only

    count = ctypes.pythonapi.Py_IncRef
    count.argtypes, count.restype = [ctypes.py_object], None
    return count


def _handed_over(function: Function, kinds: tuple[str, ...]) -> Callable[..., Any]:
    """Return a function as the engine calls it: with ints for unsigned ones, and bytearrays for bytes."""
    types = {place: {"u": UInt, "y": bytes}[kind] for place, kind in enumerate(kinds) if kind in "uy"}

    def call(*operands: Any) -> Any:
        if types:
            operands = tuple(types[place](one) if place in types else one for place, one in enumerate(operands))
        return function.converted(operands)

    return call


def _python_engine() -> Engine:
    from guardrail.cel.engine.python import PythonEngine  # noqa: PLC0415 - loads cel-python, which takes a third of a second

    return PythonEngine()


_ENGINES: dict[str, Callable[[], Engine]] = {"cpp": _CppEngine, "python": _python_engine}


def _first_line(text: str) -> str:
    return text.removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: ").split("\n", 1)[0][:200]
