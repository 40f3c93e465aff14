"""Functions that write texts in other alphabets, and read them: base64, URLs, character sets, CSV."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from urllib.parse import quote_plus, unquote_to_bytes

from guardrail.terraform.language.functions.signature import (
    MOST_CHARACTERS,
    Function,
    FunctionError,
    NotEvaluated,
    Parameter,
    check_length,
)
from guardrail.terraform.language.types import ANY, STRING, ListType, ObjectType
from guardrail.terraform.language.values import Value, list_, object_, string

_TEXT = Parameter(STRING)
# The names that IANA gives to the encodings of which Python's tables are surely the same as Go's.
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
}


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise FunctionError("failed to decode base64 data") from None  # without the data, which may be sensitive


def _utf8(data: bytes) -> Value:
    try:
        return string(data.decode())
    except UnicodeDecodeError:
        raise FunctionError("the result of decoding the provided string is not valid UTF-8") from None


def base64encode(text: Value) -> Value:
    """Write the bytes of a text in base64."""
    return string(base64.b64encode(text.raw.encode()).decode())


def base64decode(text: Value) -> Value:
    """Read base64 that holds a text."""
    return _utf8(_bytes(text.raw))


def base64gunzip(text: Value) -> Value:
    """Read a compressed text from base64 (OpenTofu)."""
    data = _bytes(text.raw)
    try:
        reader = zlib.decompressobj(wbits=31)  # 31: gzip's header and a window of 32 kB
        found = reader.decompress(data, MOST_CHARACTERS)
    except zlib.error as error:
        raise FunctionError(f"failed to gunzip bytestream: {error}") from None
    if reader.unconsumed_tail:  # a bomb: a few kB that unpack to more than may be made
        raise NotEvaluated(f"a text of more than {MOST_CHARACTERS:,} characters")
    if not reader.eof or reader.unused_data:
        raise FunctionError("failed to read gunzip raw data")
    return _utf8(found)


def base64gzip(text: Value) -> Value:
    """Refuse to compress: Go's compressor makes other bytes than Python's. Raises NotEvaluated."""
    del text
    raise NotEvaluated("base64gzip, whose bytes depend on the compressor")


def _encoding(name: Value) -> str:
    found = _ENCODINGS.get(name.raw.lower())
    if found is None:
        raise NotEvaluated(f"the encoding {name.raw}")
    return found


def textencodebase64(text: Value, encoding: Value) -> Value:
    """Write a text in an encoding, and that in base64."""
    try:
        return string(base64.b64encode(text.raw.encode(_encoding(encoding))).decode())
    except UnicodeEncodeError:
        raise FunctionError(
            f"the given string contains characters that cannot be represented in {encoding.raw}"
        ) from None


def textdecodebase64(text: Value, encoding: Value) -> Value:
    """Read a text in an encoding from base64."""
    try:
        found = _bytes(text.raw).decode(_encoding(encoding))
    except UnicodeDecodeError:
        found = "\ufffd"  # what Go puts in the place of bytes that mean nothing, and Terraform then looks for
    if "\ufffd" in found:
        raise FunctionError(f"the given string contains symbols that are not defined for {encoding.raw}")
    return string(found)


def urlencode(text: Value) -> Value:
    """Write a text as a part of a URL's query."""
    return string(quote_plus(text.raw, safe=""))


def urldecode(text: Value) -> Value:
    """Read a part of a URL's query (OpenTofu)."""
    if re.search("%(?![0-9a-fA-F]{2})", text.raw):
        raise FunctionError(f"failed to decode URL '{text.raw}'")
    return _utf8(unquote_to_bytes(text.raw.replace("+", " ")))


def csvdecode(text: Value) -> Value:
    """Read a table whose first row names the columns: a list of objects of texts."""
    check_length(len(text.raw))
    rows = _rows(text.raw)
    type_ = _table_type(next(rows, None))
    names = list(type_.attributes)
    found = []
    for row in rows:
        if len(row) != len(names):
            raise FunctionError("CSV parse error: wrong number of fields")
        found.append(object_(dict(zip(names, map(string, row), strict=True))))
    return list_(found, type_)


def _table_type(header: list[str] | None) -> ObjectType:
    if header is None:
        raise FunctionError("missing header line")
    names = [string(name).raw for name in header]
    for name in names:  # they are attributes of an object, which has each once
        if names.count(name) > 1:
            raise FunctionError(f'duplicate column name "{name}"')
    return ObjectType(dict.fromkeys(names, STRING))


def _rows(text: str) -> Iterator[list[str]]:
    """Yield rows as Go's encoding/csv reads RFC 4180: empty lines are left out, a quote within a bare field is an error."""
    text = text.replace("\r\n", "\n")
    position = 0
    while position < len(text):
        if text[position] == "\n":
            position += 1
            continue
        row: list[str] = []
        while True:
            field, position = _field(text, position)
            row.append(field)
            if position >= len(text) or text[position] == "\n":
                break
            position += 1
        yield row
        position += 1


def _field(text: str, start: int) -> tuple[str, int]:
    """Return a field, and where the comma or the line's end after it stands."""
    if not text.startswith('"', start):
        found = re.compile("[^,\n]*").match(text, start)
        field = found[0] if found else ""
        if '"' in field:
            raise FunctionError('CSV parse error: bare " in non-quoted field')
        return field, start + len(field)
    quoted = re.compile('"((?:[^"]|"")*)"').match(text, start)
    if not quoted or (quoted.end() < len(text) and text[quoted.end()] not in ",\n"):
        raise FunctionError('CSV parse error: extraneous or missing " in quoted field')
    return quoted[1].replace('""', '"'), quoted.end()


FUNCTIONS = {
    "base64decode": Function((_TEXT,), STRING, base64decode),
    "base64encode": Function((_TEXT,), STRING, base64encode),
    "base64gunzip": Function((_TEXT,), STRING, base64gunzip),
    "base64gzip": Function((_TEXT,), STRING, base64gzip),
    "csvdecode": Function(
        (_TEXT,),
        lambda args: ANY if args[0].is_unknown else ListType(_table_type(next(_rows(args[0].raw), None))),
        csvdecode,
    ),
    "textdecodebase64": Function((_TEXT, _TEXT), STRING, textdecodebase64),
    "textencodebase64": Function((_TEXT, _TEXT), STRING, textencodebase64),
    "urldecode": Function((_TEXT,), STRING, urldecode),
    "urlencode": Function((_TEXT,), STRING, urlencode),
}
