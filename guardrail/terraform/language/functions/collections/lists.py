"""Functions over lists and tuples, and those that choose among their arguments."""

from __future__ import annotations

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.functions.signature import (
    Function,
    FunctionError,
    Parameter,
    friendly,
    undecided,
    whole,
)
from guardrail.terraform.language.functions.text.graphemes import clusters
from guardrail.terraform.language.numbers import Number, rounded
from guardrail.terraform.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    AnyType,
    Collection,
    ListType,
    MapType,
    ObjectType,
    SetType,
    TupleType,
    Type,
)
from guardrail.terraform.language.unification import unify
from guardrail.terraform.language.values import (
    FALSE,
    NO_MARKS,
    TRUE,
    Cause,
    Marks,
    Unknown,
    Value,
    identity,
    list_,
    number,
    string,
    tuple_,
    unknown,
)

_MOST_IN_RANGE = 1024  # Terraform's own bound


def element_type(value: Value) -> Type:
    """Return the type of the elements of a collection, or of values of which nothing is known."""
    return value.type.element if isinstance(value.type, Collection) else ANY


def alltrue(values: Value) -> Value:
    """Return whether all are true."""
    for part in values.raw:
        # Unlike anytrue, and as in Terraform, it stops at the first that is unknown: a later false does not decide.
        if part.is_unknown:
            return undecided((part,), BOOL)
        if not part.raw:
            return FALSE
    return TRUE


def anytrue(values: Value) -> Value:
    """Return whether one is true."""
    if any(part.raw is True for part in values.raw):
        return TRUE
    return FALSE if values.is_wholly_known() else undecided((values,), BOOL)


def chunklist(values: Value, size: Value) -> Value:
    """Split a list into lists of a size; 0 is all at once."""
    count, marks = whole(size), values.marks | size.marks
    if count < 0:
        raise FunctionError("the size argument must be positive")
    steps = range(0, len(values.raw), count or max(len(values.raw), 1))
    chunks = [list_(values.raw[at : at + (count or len(values.raw))], element_type(values)) for at in steps]
    return list_(chunks, values.type).marked(marks)


def compact(values: Value) -> Value:
    """Leave out empty texts and nulls."""
    if not values.is_wholly_known():
        return undecided((values,), values.type)
    return list_((part for part in values.raw if part.raw), STRING)


def _concatenated(arguments: list[Value]) -> Type:
    """Return a list where all are lists of types that have one in common, else a tuple of all elements."""
    if not arguments:
        raise FunctionError("at least one argument is required")
    if all(isinstance(one.type, ListType) for one in arguments):
        common = unify([one.type for one in arguments])
        if common is not None:
            return common
    parts: list[Type] = []
    for one in arguments:
        if isinstance(one.type, TupleType):
            parts += one.type.elements
        elif not isinstance(one.type, ListType):
            raise FunctionError(f"all arguments must be lists or tuples; got {friendly(one.type)}")
        elif one.is_unknown:
            return ANY
        else:
            parts += [one.type.element] * len(one.raw)
    return TupleType(tuple(parts))


def concat(*values: Value) -> Value:
    """Put lists and tuples one behind the other: a list where all are lists."""
    type_ = _concatenated(list(values))
    marks = NO_MARKS.union(*(value.marks for value in values))
    if isinstance(type_, ListType):
        return list_((part for one in values for part in convert(one, type_).raw), type_.element).marked(marks)
    return tuple_(part for one in values for part in one.raw).marked(marks)


def distinct(values: Value) -> Value:
    """Leave out what was there before."""
    if not values.is_wholly_known():
        return undecided((values,), values.type)
    seen: dict[object, Value] = {}
    for part in values.raw:
        seen.setdefault(identity(part), part)
    return list_(seen.values(), element_type(values))


def flatten(values: Value) -> Value:
    """Put the elements of nested lists, sets and tuples into one tuple."""
    if not isinstance(values.type, ListType | TupleType | SetType):
        raise FunctionError("can only flatten lists, sets and tuples")
    parts: list[Value] = []
    marks = _flatten(values, parts)
    unsure = next((part for part in parts if part.is_unknown and _may_be_sequence(part)), None)
    return tuple_(parts).marked(marks) if unsure is None else undecided((unsure,), ANY, marks=marks)


def _flatten(values: Value, into: list[Value]) -> Marks:
    marks = values.marks
    for part in values.raw:
        if isinstance(part.raw, tuple):
            marks |= _flatten(part, into)
        else:
            into.append(part)
            if part.is_unknown and _may_be_sequence(part):
                marks |= part.marks
    return marks


def _may_be_sequence(value: Value) -> bool:
    return value.type == ANY or isinstance(value.type, ListType | TupleType | SetType)


def length(value: Value) -> Value:
    """Count elements, attributes or characters; of a tuple and an object, their type tells."""
    match value.type:
        case TupleType(elements):  # also of one that is unknown
            return number(len(elements)).marked(value.marks)
        case ObjectType():
            return number(len(value.type.attributes)).marked(value.marks)
        case ListType() | SetType() | MapType() if value.is_null:
            raise FunctionError("argument must not be null")
        case ListType() | SetType() | MapType() if value.is_unknown:
            is_known = value.raw.least == value.raw.most
            found = number(value.raw.least) if is_known else undecided((value,), NUMBER)
            return found.marked(value.marks)
        case SetType() if len(value.raw) > 1 and not value.is_wholly_known():
            # Unknown elements may turn out to be equal.
            return undecided((value,), NUMBER).marked(value.marks)
        case ListType() | SetType() | MapType():
            return number(len(value.raw)).marked(value.marks)
        case _ if value.type == STRING:
            found = undecided((value,), NUMBER) if value.is_unknown else number(len(clusters(value.raw)))
            return found.marked(value.marks)
        case _ if value.type == ANY and not value.is_null:
            return undecided((value,), NUMBER, marks=value.marks)
        case _:
            raise FunctionError("argument must be a string, a collection type, or a structural type")


def range_(*limits: Value) -> Value:
    """Return numbers from a start (0) to before a limit, by a step (1 or -1); at most 1,024."""
    if not 1 <= len(limits) <= 3:  # noqa: PLR2004
        raise FunctionError("must have one, two, or three arguments")
    numbers: list[Number] = [limit.raw for limit in limits]
    start, end = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = numbers[2] if len(numbers) > 2 else -1 if end < start else 1  # noqa: PLR2004
    if step == 0:
        raise FunctionError("step must not be zero")
    if (end > start) if step < 0 else (end < start):
        raise FunctionError(
            f"end must be {'less' if step < 0 else 'greater'} than start when step is {'negative' if step < 0 else 'positive'}"
        )
    found: list[Value] = []
    while start > end if step < 0 else start < end:
        if len(found) == _MOST_IN_RANGE:
            raise FunctionError(
                "more than 1024 values were generated; either decrease the difference between start and end or use a smaller step"
            )
        found.append(number(start))
        start = rounded(start + step)  # added up, not multiplied, so that fractions are rounded as Terraform's are
    return list_(found, NUMBER)


def reverse(values: Value) -> Value:
    """Turn a list or tuple around."""
    parts = reversed(values.raw)
    found = tuple_(parts) if isinstance(values.type, TupleType) else list_(parts, element_type(values))
    return found.marked(values.marks)


def _reversed_type(arguments: list[Value]) -> Type:
    match arguments[0].type:
        case TupleType(elements):
            return TupleType(elements[::-1])
        case ListType(element) | SetType(element):
            return ListType(element)
        case type_:
            raise FunctionError(f"can only reverse list or tuple values, not {friendly(type_)}")


def slice_(values: Value, start: Value, end: Value) -> Value:
    """Return the elements from one place to before another."""
    first, last = whole(start), whole(end)
    if isinstance(values.raw, Unknown):
        if values.raw.cause is Cause.APPLY or isinstance(values.type, TupleType):
            return undecided((values,), _slice_type([values, start, end]), marks=values.marks)
        # Terraform knows the list when it plans: a slice of it has this length, or the plan fails.
        plain = Unknown(values.raw.cause, values.raw.why, values.raw.where)
        element = values.type.element if isinstance(values.type, ListType) else ANY
        return list_([unknown(element, plain)] * (last - first), element).marked(values.marks)
    parts = values.raw[first:last]
    found = tuple_(parts) if isinstance(values.type, TupleType) else list_(parts, element_type(values))
    return found.marked(values.marks)


def _slice_type(arguments: list[Value]) -> Type:
    """Return the type of a slice. It looks at the bounds as well, so that they are wrong in an unknown list, too."""
    values, start, end = arguments
    if not isinstance(values.type, ListType | TupleType | AnyType):
        raise FunctionError(
            "cannot slice a set" if isinstance(values.type, SetType) else "must be a list or tuple value"
        )
    size = (
        len(values.type.elements)
        if isinstance(values.type, TupleType)
        else None
        if values.is_unknown
        else len(values.raw)
    )
    first, last = (None if limit.is_unknown else whole(limit) for limit in (start, end))
    for name, limit in (("start", first), ("end", last)):
        if limit is not None and limit < 0:
            raise FunctionError(f"{name} index must not be less than zero")
        if limit is not None and size is not None and limit > size:
            raise FunctionError(f"{name} index must not be greater than the length of the list")
    if first is not None and last is not None and first > last:
        raise FunctionError("start index must not be greater than end index")
    if isinstance(values.type, ListType):
        return values.type
    if isinstance(values.type, AnyType):
        return ListType(ANY)
    return ANY if first is None or last is None else TupleType(values.type.elements[first:last])


def sort(values: Value) -> Value:
    """Sort texts by their bytes; of an unknown list, the length stays known."""
    if values.is_unknown:
        return undecided((values,), values.type, least=values.raw.least, most=values.raw.most)
    if not values.is_wholly_known():
        return undecided((values,), values.type, least=len(values.raw), most=len(values.raw))
    texts = [part.raw for part in values.raw]
    if None in texts:
        raise FunctionError(f"given list element {texts.index(None)} is null; a null string cannot be sorted")
    return list_(map(string, sorted(texts, key=str.encode)), STRING)


def sum_(values: Value) -> Value:
    """Add numbers."""
    if not isinstance(values.type, ListType | TupleType | SetType):
        raise FunctionError("argument must be list, set, or tuple")
    if not values.raw:
        raise FunctionError("cannot sum an empty list")
    if not values.is_wholly_known():
        return undecided((values,), NUMBER)
    total: Number = 0
    for part in values.raw:
        try:
            found = convert(part, NUMBER).raw
        except ConversionError:
            found = None
        if found is None:  # neither null nor a text that is no number can be added
            raise FunctionError("argument must be list, set, or tuple of number values")
        total = rounded(total + found)
    return number(total)


_LIST = Parameter(ListType(ANY))
_BOOLS = Parameter(ListType(BOOL))
_NUMBER = Parameter(NUMBER)
_ANY = Parameter()
_MARKED = Parameter(marked=True)
_SLICED = Parameter(marked=True, unknown=True, dynamic=True)


FUNCTIONS = {
    "alltrue": Function((_BOOLS,), BOOL, alltrue),
    "anytrue": Function((_BOOLS,), BOOL, anytrue),
    "chunklist": Function(
        (Parameter(ListType(ANY), marked=True), Parameter(NUMBER, marked=True)),
        lambda arguments: ListType(arguments[0].type),
        chunklist,
    ),
    "compact": Function((Parameter(ListType(STRING)),), ListType(STRING), compact),
    "concat": Function((), _concatenated, concat, variadic=_MARKED),
    "distinct": Function((_LIST,), lambda arguments: arguments[0].type, distinct),
    "flatten": Function((_MARKED,), ANY, flatten),
    "length": Function((Parameter(unknown=True, marked=True, dynamic=True),), NUMBER, length),
    "range": Function((), ListType(NUMBER), range_, variadic=_NUMBER),
    "reverse": Function((_MARKED,), _reversed_type, reverse),
    "slice": Function((_SLICED, _NUMBER, _NUMBER), _slice_type, slice_),
    "sort": Function((Parameter(ListType(STRING), unknown=True),), ListType(STRING), sort),
    "sum": Function((_ANY,), NUMBER, sum_),
}
