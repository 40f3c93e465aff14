"""Kubernetes' CEL library: quantities, semantic versions, URLs and named formats."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import total_ordering
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from guardrail.cel.failures import FunctionError
from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.numbers import as_int
from guardrail.cel.functions.values import optional, tagged, untagged

QUANTITY, SEMVER, URL, FORMAT = "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.URL", "kubernetes.NamedFormat"
_QUANTITY = r"(?a)([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,3})?"
_SUFFIXES = {letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)}
_SUFFIXES |= {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)}
_SUFFIXES |= {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3")}
_SEMVER = r"(?a)(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?"


def _amount(text: str) -> Decimal:
    found = re.fullmatch(_QUANTITY, text)
    if not found:
        raise fault()
    number, suffix = found.groups()
    if suffix and suffix[0] in "eE" and suffix[1:]:
        return Decimal(f"{number}e{suffix[1:]}")
    return Decimal(number) * _SUFFIXES[suffix] if suffix else Decimal(number)


def _quantity(amount: Decimal) -> str:
    return tagged(QUANTITY, format(amount.normalize(), "f"))


def _read_quantity(value: Any) -> Decimal:
    if isinstance(value, int | float):
        return Decimal(str(value))
    try:
        return Decimal(untagged(value, QUANTITY))
    except InvalidOperation:
        raise fault() from None


function("quantity", params="s", result="x")(lambda text: _quantity(_amount(text)))
function(".sign", params="x", result="i")(lambda value: (_read_quantity(value) > 0) - (_read_quantity(value) < 0))
function(".isInteger", params="x", result="b")(
    lambda value: _read_quantity(value) == _read_quantity(value).to_integral_value()
)
function(".asInteger", params="x", result="i")(lambda value: as_int(_whole(_read_quantity(value))))
function(".asApproximateFloat", params="x", result="d")(lambda value: float(_read_quantity(value)))
function(".add", params="x xiud", result="x")(lambda one, other: _quantity(_read_quantity(one) + _read_quantity(other)))
function(".sub", params="x xiud", result="x")(lambda one, other: _quantity(_read_quantity(one) - _read_quantity(other)))


@function("isQuantity", params="s", result="b")
def is_quantity(text: str) -> bool:
    """Say whether a text is an amount as Kubernetes spells them: `500Mi`, `1.5`, `100m`."""
    return re.fullmatch(_QUANTITY, text) is not None


def _whole(amount: Decimal) -> int:
    if amount != amount.to_integral_value():
        raise fault()
    return int(amount)


@total_ordering
class Version(NamedTuple):
    """A semantic version (https://semver.org)."""

    numbers: tuple[int, int, int]
    pre: str

    def _key(self) -> tuple[Any, ...]:
        parts = (
            [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in self.pre.split(".")]
            if self.pre
            else []
        )
        return self.numbers, not self.pre, parts  # a version without a pre-release is the later one

    def __lt__(self, other: Any) -> bool:
        return bool(self._key() < other._key())


def _version(text: str, *, normalize: bool = False) -> Version:
    if normalize:
        text = text.removeprefix("v")
        core, *rest = re.split(r"(?=[-+])", text, maxsplit=1)
        numbers = [part.lstrip("0") or "0" for part in core.split(".")]
        text = ".".join([*numbers, "0", "0"][: max(3, len(numbers))]) + "".join(rest)
    found = re.fullmatch(_SEMVER, text)
    if not found:
        raise fault()
    return Version((int(found[1]), int(found[2]), int(found[3])), found[4] or "")


@function("semver", params="s ?b", result="x")
def semver(text: str, normalize: bool = False) -> str:  # noqa: FBT001, FBT002 - CEL's own
    """Read a semantic version; with `true`, also `v1.2`."""
    version = _version(text, normalize=normalize)
    return tagged(SEMVER, ".".join(map(str, version.numbers)) + (f"-{version.pre}" if version.pre else ""))


@function("isSemver", params="s ?b", result="b")
def is_semver(text: str, normalize: bool = False) -> bool:  # noqa: FBT001, FBT002 - CEL's own
    """Say whether a text is a semantic version."""
    try:
        _version(text, normalize=normalize)
    except FunctionError:
        return False
    return True


for _place, _name in enumerate(("major", "minor", "patch")):
    function(f".{_name}", params="x", result="i")(
        lambda value, place=_place: _version(untagged(value, SEMVER)).numbers[place]
    )


def _comparable(value: str) -> Any:
    try:
        return _version(untagged(value, SEMVER))
    except FunctionError:
        return _read_quantity(value)


def _compares(check: Callable[[Any, Any], Any]) -> Callable[[str, str], Any]:
    def compare(one: str, other: str) -> Any:
        left, right = _comparable(one), _comparable(other)
        if type(left) is not type(right):
            raise fault()
        return check(left, right)

    return compare


function(".isGreaterThan", params="x x", result="b")(_compares(lambda one, other: one > other))
function(".isLessThan", params="x x", result="b")(_compares(lambda one, other: one < other))
function(".compareTo", params="x x", result="i")(_compares(lambda one, other: (one > other) - (one < other)))


def _url(text: str) -> SplitResult:
    try:
        found = urlsplit(text)
        _ = found.port
    except ValueError:
        raise fault() from None
    if not (found.scheme and found.netloc) and not text.startswith("/"):
        raise fault()  # as in Kubernetes: an absolute URL, or a path
    return found


@function("url", params="s", result="x")
def url(text: str) -> str:
    """Read a URL."""
    _url(text)
    return tagged(URL, text)


@function("isURL", params="s", result="b")
def is_url(text: str) -> bool:
    """Say whether a text is a URL."""
    try:
        _url(text)
    except FunctionError:
        return False
    return True


def _read_url(value: str) -> SplitResult:
    return urlsplit(untagged(value, URL))


def _host(value: str) -> str:
    return _read_url(value).netloc.rpartition("@")[2]


function(".getScheme", params="x", result="s")(lambda value: _read_url(value).scheme)
function(".getHost", params="x", result="s")(_host)
function(".getHostname", params="x", result="s")(lambda value: _read_url(value).hostname or "")
function(".getPort", params="x", result="s")(lambda value: str(_read_url(value).port or ""))
function(".getEscapedPath", params="x", result="s")(lambda value: _read_url(value).path)
function(".getQuery", params="x", result="m")(lambda value: parse_qs(_read_url(value).query, keep_blank_values=True))

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_FORMATS = {
    "dns1123Label": rf"{_LABEL}",
    "dns1123Subdomain": rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*",
    "dns1035Label": r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?",
    "qualifiedName": rf"(?:(?=.{{1,253}}/){_LABEL}(?:\.{_LABEL})*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?",
    "labelValue": r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?",
    "uri": r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^\s/]+.*|/.*)",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "byte": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "date": r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])",
    "datetime": r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)",
}


@function("format.named", params="s", result="o")
def named_format(name: str) -> Any:
    """Return the format of that name, an optional value."""
    return optional(tagged(FORMAT, name)) if name in _FORMATS else optional()


for _known in _FORMATS:
    function(f"format.{_known}", params="", result="x")(lambda name=_known: tagged(FORMAT, name))


@function(".validate", params="x s", result="o")
def validated(value: str, text: str) -> Any:
    """Return nothing where a text is of the format, else a list with what is wrong: an optional value."""
    name = untagged(value, FORMAT)
    if re.fullmatch(_FORMATS[name], text, re.ASCII):
        return optional()
    return optional([f"{text[:60]!r} is not of the format {name}"])
