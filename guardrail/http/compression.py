"""Compressed answers, unpacked as they come and no further than an honest one unpacks."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from guardrail.errors import NetworkError

MAX_RATIO = 200
"""Bytes that may come of one compressed byte. Price lists come to some 30, gzip can be made to give 1,000."""
_ALWAYS = 10_000_000  # bytes that may come of however few
_PIECE = 1 << 20  # bytes unpacked at a time
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for gzip's header and checksum


def unpacked(parts: Iterable[bytes], encoding: str, where: str) -> Iterator[bytes]:
    """Yield the parts of an answer without the compression of its transfer. Raises NetworkError.

    encoding  its Content-Encoding; "": none
    where     what the error names
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return iter(parts)
    if encoding != "gzip":
        raise NetworkError(f"compressed as {encoding[:20]!r}, which was not asked for", where=where)
    return _gunzipped(parts, where)


def _gunzipped(parts: Iterable[bytes], where: str) -> Iterator[bytes]:
    stream, packed, plain = zlib.decompressobj(_GZIP), 0, 0
    for part in parts:
        packed += len(part)
        while part:
            if stream.eof:  # gzip files may follow each other in one
                stream = zlib.decompressobj(_GZIP)
            try:
                data = stream.decompress(part, _PIECE)
            except zlib.error:
                raise _damaged(where) from None
            part = stream.unused_data if stream.eof else stream.unconsumed_tail  # noqa: PLW2901 - what is left of it
            plain += len(data)
            if plain > _ALWAYS + MAX_RATIO * packed:
                what = f"unpacks to over {MAX_RATIO} times its size"
                raise NetworkError(what, where=where)
            yield data
    if packed and not stream.eof:
        raise _damaged(where)


def _damaged(where: str) -> NetworkError:
    return NetworkError("the response is damaged: it is not gzip, as the server says", where=where)
