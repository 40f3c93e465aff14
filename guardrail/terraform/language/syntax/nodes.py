"""What a file of Terraform's language consists of. Every node knows where it stands; nothing refers to the parser."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct, field

from guardrail.terraform.language.values import Value


class Source:
    """A file's name and text, and which line a byte of it is on.

    `only_line` is for a template that is a string on one line of a file in JSON: all of it is on that line.
    """

    __slots__ = ("_lines", "name", "only_line", "text")

    def __init__(self, name: str, text: bytes, *, only_line: int = 0) -> None:
        self.name = name
        self.text = text
        self.only_line = only_line
        self._lines: list[int] | None = None

    def line(self, offset: int) -> int:
        """Return the line of a byte, from 1."""
        return self.only_line or bisect_right(self._starts(), offset)

    def column(self, offset: int) -> int:
        """Return the column of a byte, from 1, counted in characters."""
        start = self._starts()[bisect_right(self._starts(), offset) - 1]
        return len(self.text[start:offset].decode(errors="replace")) + 1  # as editors count, not bytes

    def _starts(self) -> list[int]:
        if self._lines is None:
            # Once, when somebody asks: most files are read without a message about any line of them.
            starts, place = [0], self.text.find(b"\n")
            while place >= 0:
                starts.append(place + 1)
                place = self.text.find(b"\n", place + 1)
            self._lines = starts
        return self._lines


class Node(Struct, eq=False):
    """A part of a file, from byte `start` up to `end`."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line that it begins on, from 1."""
        return self.source.line(self.start)

    @property
    def end_line(self) -> int:
        """The line that its last character is on, from 1."""
        return self.source.line(max(self.end - 1, self.start))

    @property
    def where(self) -> str:
        """The file and line that it begins on, as messages name it."""
        return f"{self.source.name}:{self.line}"

    @property
    def text(self) -> str:
        """How it is written."""
        return self.source.text[self.start : self.end].decode(errors="replace")


class Literal(Node):
    """A number, a bool, null, or a string without any template sequence."""

    value: Value


class Template(Node):
    """A string with template sequences; its parts are put one after the other as text.

    `"${x}"` alone is no template but `x`, as in Terraform. A directive `%{if}` is a Conditional of templates, `%{for}` a
    Join of a For.
    """

    parts: tuple[Expression, ...]


class Join(Node):
    """What `%{for}` makes: the texts of a tuple, put together."""

    items: Expression


class Variable(Node):
    """The first name of a reference: `var`, `local`, a resource type, the name that a `for` gives."""

    name: str


class Splat(Struct, eq=False):
    """`.*` or `[*]`, with the steps that apply to each element."""

    steps: tuple[Step, ...]


class Access(Node):
    """Steps into a value: a name for `.name`, an expression for `[index]` (and `.0`), a splat."""

    origin: Expression
    steps: tuple[Step, ...]


class Call(Node):
    """A call of a function; with `expands`, the last argument is a collection whose elements are arguments (`...`)."""

    name: str
    arguments: tuple[Expression, ...]
    expands: bool


class Conditional(Node):
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression


class Unary(Node):
    """`-operand` or `!operand`."""

    operator: str
    operand: Expression


class Binary(Node):
    """Two operands with an operator between them."""

    operator: str
    left: Expression
    right: Expression


class For(Node):
    """`[for …]`, or `{for …}` if it has a key; with `groups`, values of one key are gathered in a tuple (`...`)."""

    key_name: str
    value_name: str
    collection: Expression
    key: Expression | None
    value: Expression
    condition: Expression | None
    groups: bool


class TupleExpression(Node):
    """`[a, b]`."""

    items: tuple[Expression, ...]


class ObjectExpression(Node):
    """`{a = b}`. A bare name as key is a string already."""

    items: tuple[tuple[Expression, Expression], ...]


class Invalid(Node):
    """What cannot be evaluated, with the reason: it is nested too deeply, or a template's directives do not match."""

    message: str


Expression = (
    Literal
    | Template
    | Join
    | Variable
    | Access
    | Call
    | Conditional
    | Unary
    | Binary
    | For
    | TupleExpression
    | ObjectExpression
    | Invalid
)
Step = str | Expression | Splat


class Attribute(Node):
    """`name = expression`."""

    name: str
    expression: Expression


class Block(Node):
    """`type "label" { … }`."""

    type: str
    labels: tuple[str, ...]
    body: Body


class Body(Node):
    """The attributes of a block or a file by name, and its blocks in order."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def blocks_of(self, type_: str) -> Iterator[Block]:
        """Yield the blocks of one type."""
        return (block for block in self.blocks if block.type == type_)


class Fault(Struct, frozen=True):
    """What of a file could not be read."""

    message: str
    where: str
