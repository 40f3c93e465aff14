"""The two CEL engines behind one interface: Google's C++ runtime where it is installed, cel-python everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import product
from typing import Any, Protocol

from guardrail.cel.failures import EvaluationError, StepsError, reason
from guardrail.cel.functions import FUNCTIONS, PLUMBING
from guardrail.cel.syntax import CelError
from guardrail.errors import ConfigError, did_you_mean

ENGINE_VARIABLE = "GUARDRAIL_CEL_ENGINE"
"""Environment variable that chooses the engine: "cpp" or "python"."""


Evaluate = Callable[[Any], Any]
"""Takes an activation, returns a plain Python value; raises EvaluationError, and StepsError past the engine's bound."""

_BUDGET = "Iteration budget exceeded"
"""What Google's engine says after 10,000 elements in all macros of an expression, a bound that cannot be set."""


class Engine(Hashable, Protocol):
    """What an engine can do."""

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
            try:
                result = evaluate(activation)
            except RuntimeError as error:
                if _BUDGET in str(error):
                    raise StepsError from None
                raise EvaluationError(reason(str(error))) from None
            if result.type() == error_type:
                raise EvaluationError(reason(str(result.value())))
            return result.plain_value()

        return run


def _python_engine() -> Engine:
    from guardrail.cel.python import PythonEngine  # noqa: PLC0415 - loads cel-python, which takes a third of a second

    return PythonEngine()


_ENGINES: dict[str, Callable[[], Engine]] = {"cpp": _CppEngine, "python": _python_engine}


def _first_line(text: str) -> str:
    return text.removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: ").split("\n", 1)[0][:200]
