"""What a function of the expression language is: its name, the kinds of values that it takes and gives, and what computes it.

A kind is one letter:

    s string   i int    b bool   l list   y bytes      t timestamp   o optional
    d double   u uint   n null   m map    k type       r duration    x what Kubernetes adds: an address, a quantity

`*` stands for every kind; `N` for any number, which the function gets as a float; `#` for a whole number of any type, which
it gets as an int. A list may say what it holds: `ls`. A result of `?` depends on the operands, `=1` is of the kind of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from msgspec import Struct

from guardrail.cel.failures import OPERAND_FAULT, OUT_OF_RANGE, FunctionError

KINDS = "siudbnlmytrkox"
NAMES = {
    "s": "string",
    "i": "int",
    "u": "uint",
    "d": "double",
    "b": "bool",
    "n": "null_type",
    "l": "list",
    "m": "map",
    "y": "bytes",
    "t": "google.protobuf.Timestamp",
    "r": "google.protobuf.Duration",
    "k": "type",
    "o": "optional_type",
}
"""Kind -> the name of its type in CEL."""
_LETTERS = {"*": KINDS, "N": "iud", "#": "iud"}
Implementation = Callable[..., Any]


class Function(Struct, frozen=True):
    """One way to call a function.

    name      as it is written; with a library before it (`math.abs`) where it has one
    method    whether it is written behind its first operand: `x.name(y)`
    params    the kinds that each operand may have
    result    the kind that it gives
    call      takes operands as plain Python values; raises FunctionError
    required  how many operands there are at least
    native    whether Google's engine has it built in
    variadic  whether the last parameter may be repeated
    """

    name: str
    method: bool
    params: tuple[str, ...]
    result: str
    call: Implementation
    required: int
    native: bool = False
    variadic: bool = False

    def kinds(self) -> Iterator[tuple[str, ...]]:
        """Yield every combination of the kinds of operands that it takes; of a variadic one, of one operand."""
        # To Google's engine, what Kubernetes adds is a string, and an optional value a map.
        letters = [
            sorted(set(self.param(place).replace("x", "s").replace("o", "m"))) for place in range(len(self.params))
        ]
        for count in range(self.required, len(letters) + 1):
            yield from product(*letters[:count])

    def takes(self, count: int) -> bool:
        """Say whether it takes so many operands."""
        return self.required <= count and (self.variadic or count <= len(self.params))

    def param(self, place: int) -> str:
        """Return the kinds that the operand at a place may have."""
        letters = self.params[min(place, len(self.params) - 1)]
        return _LETTERS.get(letters, letters)

    def converted(self, operands: tuple[Any, ...]) -> Any:
        """Call it, numbers converted as the parameters say."""
        if any(param in "N#" for param in self.params):
            operands = tuple(
                float(value) if param == "N" else whole(value) if param == "#" else value
                for param, value in zip(self.params, operands, strict=False)
            )
        found = self.call(*operands)
        # Google's engine would take a larger number back as another one.
        if not self.native and isinstance(found, int) and abs(found) >= 2**63:
            raise FunctionError(OUT_OF_RANGE)
        return found


Table = dict[tuple[str, bool], list[Function]]
FUNCTIONS: Table = {}
"""(name, whether it is a method) -> the ways to call it."""


def function(*names: str, params: str, result: str, native: bool = False) -> Callable[[Implementation], Implementation]:
    """Register a function under names; one that begins with a dot is a method.

    `params` has the kinds of each operand, a space between two, `?` before those that may be left out, `+` behind one that may be
    repeated.
    """

    def register(implementation: Implementation) -> Implementation:
        words = params.split()
        kinds = tuple(word.strip("?+") for word in words)
        required = sum(not word.startswith("?") for word in words)
        for name in names:
            key = name.removeprefix("."), name.startswith(".")
            made = Function(*key, kinds, result, implementation, required, native, params.endswith("+"))
            FUNCTIONS.setdefault(key, []).append(made)
        return implementation

    return register


def whole(value: Any) -> int:
    """Return a number as an int. Raises FunctionError for one with a fraction, and for one that does not fit."""
    if (isinstance(value, float) and not value.is_integer()) or abs(value) >= 2**63:
        raise FunctionError(OPERAND_FAULT)
    return int(value)


def fault() -> FunctionError:
    """Return the error of operands that a function is not made for, which engines word each in their own way."""
    return FunctionError(OPERAND_FAULT)
