"""What an expression is evaluated in: names, functions, and how much may be spent."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from guardrail.terraform.language.syntax.nodes import Expression
from guardrail.terraform.language.values import Cause, Unknown, Value

MOST_STEPS = 10_000_000
"""Expressions evaluated in one run, and elements gone through; it takes most of a minute to get there."""

MOST_DEPTH = 1_500
"""Expressions within each other, through all the references that one of them follows."""

_FRAMES = 25_000  # of Python: an expression takes several, a reference between two of them a dozen

ResolvedStep = str | Value
"""A step into a reference: a str for `.name`, a value for `[index]`, which may be unknown."""


class EvaluationError(Exception):
    """An expression cannot be evaluated: Terraform would refuse it too. `try` and `can` notice it.

    where        the file and line, "" where it is not known yet
    presentable  whether it has been seen to that the message tells nothing sensitive
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.presentable = False

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def as_unknown(self) -> Unknown:
        """Return what stands in the place of the value."""
        return Unknown(Cause.NOT_EVALUATED, self.message, self.where)


class LimitError(EvaluationError):
    """This program cannot evaluate an expression that Terraform may well evaluate, so that `try` must not notice it."""


class Budget(Struct):
    """What is left to spend: `steps` on all expressions of a run together; `depth` is the level that is being evaluated."""

    steps: int = MOST_STEPS
    depth: int = 0

    def __post_init__(self) -> None:
        # Never lowered: another evaluation of the process may be in the depths of its own.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))

    def exceeded(self, where: str) -> LimitError:
        """Return the error that says which bound is reached."""
        if self.steps <= 0:
            return LimitError("evaluating takes more steps than are allowed", where)
        return LimitError(f"expressions refer to each other over more than {MOST_DEPTH} levels", where)


class Scope(Protocol):
    """What names mean where an expression stands."""

    @property
    def budget(self) -> Budget:
        """What may be spent."""

    def resolve(self, root: str, steps: Sequence[ResolvedStep], where: str) -> tuple[Value, int]:
        """Return the value of a reference, and how many of the steps after its first name that took.

        The rest of the steps are then taken by the evaluation. `where` is the file and line of the reference. Raises
        EvaluationError for a name that does not exist.
        """

    def call(self, name: str, arguments: list[Value], where: str) -> Value:
        """Call a function. Raises EvaluationError."""


class InnerScope:
    """A scope with more names, which `for`, a dynamic block or a template gives."""

    __slots__ = ("budget", "names", "outer")

    def __init__(self, outer: Scope, names: Mapping[str, Value]) -> None:
        self.outer = outer
        self.names = names
        self.budget = outer.budget

    def resolve(self, root: str, steps: Sequence[ResolvedStep], where: str) -> tuple[Value, int]:
        """Look the name up here, then outside."""
        # An inner name hides an outer one: `for var in ...` makes `var` its own.
        found = self.names.get(root)
        return (found, 0) if found is not None else self.outer.resolve(root, steps, where)

    def call(self, name: str, arguments: list[Value], where: str) -> Value:
        """Call a function as the outer scope does."""
        return self.outer.call(name, arguments, where)


class InstanceScope(InnerScope):
    """The scope of one instance of a block.

    `shared` is one for all instances: what expressions come to that read nothing of the instance, None for those that do.
    """

    __slots__ = ("shared",)

    def __init__(self, outer: Scope, names: Mapping[str, Value], shared: dict[Expression, Value | None]) -> None:
        super().__init__(outer, names)
        self.shared = shared


class TemplateScope(Struct, frozen=True):
    """The scope of a template that `templatefile` or `templatestring` renders: nothing but its variables."""

    variables: Mapping[str, Value]
    outer: Scope

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self.outer.budget

    def resolve(self, root: str, steps: Sequence[ResolvedStep], where: str) -> tuple[Value, int]:
        """Look the name up among the variables."""
        del steps
        if root not in self.variables:
            raise EvaluationError(f'the template has no variable "{root}"', where)
        return self.variables[root], 0

    def call(self, name: str, arguments: list[Value], where: str) -> Value:
        """Call a function as the outer scope does, but none that renders a template."""
        if name.removeprefix("core::") in {"templatefile", "templatestring"}:
            raise EvaluationError(f"cannot recursively call {name} from inside another template function", where)
        return self.outer.call(name, arguments, where)
