"""Files of metrics, in whichever of the formats they are, as points."""

from __future__ import annotations

import gzip
import io
import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from guardrail.decode import json_decoder
from guardrail.errors import InputError
from guardrail.metrics import azure_monitor, cloud_monitoring, cloudwatch
from guardrail.metrics.cloudwatch import Query
from guardrail.metrics.csv_points import LineError, points_of_csv
from guardrail.metrics.point import Point

MAX_BYTES = 512 * 1024 * 1024
"""What is read of a file, unpacked: a month of a thousand machines by the minute, as one document, is more."""
_KNOWN = (
    "CloudWatch (metric streams, get-metric-data, get-metric-statistics), Azure Monitor (metrics list, diagnostic "
    "settings), Cloud Monitoring (timeSeries.list), or CSV"
)
_NOTHING = "nothing was imported"
_decode = json_decoder(Any)


class MetricsFile(Struct, frozen=True):
    """A file of metrics.

    source  what its format is called: cloudwatch, azure-monitor, cloud-monitoring, csv; "" for queries
    points  None for a point of no resource, such as all instances of a type
    """

    path: Path
    source: str
    points: Iterable[Point | None]


def metrics_files(paths: Sequence[Path], resource: str = "", metric: str = "") -> Iterator[MetricsFile]:
    """Give files that belong together: the queries of `get-metric-data` say what its results are of.

    resource, metric  what the points of files are of that do not say it
    Raises InputError for a file that cannot be read; points are read, and may raise it, as they are asked for.
    """
    queries: dict[str, Query] = {}
    held = [(path, _text(path)) for path in paths]
    for path, text in held:
        if _is_json(text) and (found := _queries(path, text)):
            queries.update(found)
    for path, text in held:
        if not _is_json(text):
            yield MetricsFile(path, "csv", _guarded(path, lambda text=text: _csv(text, resource, metric)))  # type: ignore[misc]
        elif not _queries(path, text):
            yield _json(path, text, queries, resource, metric)


def _text(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {said}", where=str(path)) from None
    if len(text) > MAX_BYTES:
        raise InputError(f"has more than {MAX_BYTES // 1024**2} MB", where=str(path), fix="split it by days")
    if text[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputError("is in UTF-16", where=str(path), fix="save it as UTF-8")
    return text.removeprefix(b"\xef\xbb\xbf")


def _is_json(text: bytes) -> bool:
    return text[:1_000].lstrip()[:1] in {b"{", b"["}


def _queries(path: Path, text: bytes) -> dict[str, Query] | None:
    if b'"MetricStat"' not in text:
        return None
    try:
        return cloudwatch.queries_of(_decode(text))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"its queries cannot be read: {_said(error)}", where=str(path), fix=_NOTHING) from None


def _json(path: Path, text: bytes, queries: Mapping[str, Query], resource: str, metric: str) -> MetricsFile:
    first = text[: text.find(b"\n") + 1] or text
    try:
        record = _decode(first)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        record = None
    if _kind_of_record(record):
        source = _kind_of_record(record)
        return MetricsFile(path, source, _guarded(path, lambda: _lines(text)))
    try:
        document = _decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise InputError(f"is no JSON: {what}", where=str(path), fix=_NOTHING) from None
    source, points = _of_document(document, queries, resource, metric, str(path))
    return MetricsFile(path, source, _guarded(path, points))


def _kind_of_record(record: Any) -> str:
    if not isinstance(record, dict):
        return ""
    if "metric_stream_name" in record:
        return "cloudwatch"
    return "azure-monitor" if {"resourceId", "metricName"} <= record.keys() else ""


def _lines(text: bytes) -> Iterator[Point | None]:
    for number, line in enumerate(io.BytesIO(text), 1):
        if not line.strip():
            continue
        try:
            yield _of_record(_decode(line))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise LineError(f"line {number}: {_said(error)}") from None


def _of_record(record: Any) -> Point | None:
    if _kind_of_record(record) == "cloudwatch":
        return cloudwatch.of_stream(record)
    return azure_monitor.of_record(record)


def _of_document(
    document: Any, queries: Mapping[str, Query], resource: str, metric: str, where: str
) -> tuple[str, Callable[[], Iterable[Point | None]]]:
    """Return the source that a document is of, and what gives its points. Raises InputError."""
    if cloudwatch.is_results(document):
        if not queries:
            fix = "give the file of its MetricDataQueries, too"
            raise InputError("has results of get-metric-data, which do not say what they are of", where=where, fix=fix)
        return "cloudwatch", lambda: cloudwatch.of_data(document["MetricDataResults"], queries)
    if isinstance(document, dict) and "Datapoints" in document:
        if not resource:
            what = "has statistics of CloudWatch, which do not say which resource they are of"
            raise InputError(what, where=where, fix="say it: --id i-0123")
        return "cloudwatch", lambda: cloudwatch.of_statistics(document, resource, metric)
    if isinstance(document, dict) and isinstance(document.get("values"), list):
        batch = document["values"]
        return "azure-monitor", lambda: itertools.chain.from_iterable(
            azure_monitor.of_list(one, one["resourceid"]) for one in batch
        )
    if isinstance(document, dict) and isinstance(document.get("value"), list):
        return "azure-monitor", lambda: azure_monitor.of_list(document, resource)
    records = document.get("records") if isinstance(document, dict) else document
    if isinstance(records, list) and records and all(_kind_of_record(one) for one in records):
        return _kind_of_record(records[0]), lambda: map(_of_record, records)
    if isinstance(document, dict) and isinstance(document.get("timeSeries"), list):
        return "cloud-monitoring", lambda: cloud_monitoring.of_series(document["timeSeries"], document.get("unit", ""))
    if isinstance(document, list) and document and isinstance(document[0], dict) and "points" in document[0]:
        return "cloud-monitoring", lambda: cloud_monitoring.of_series(document)
    raise InputError("is in no format of metrics that is known", where=where, fix=_KNOWN)


def _csv(text: bytes, resource: str, metric: str) -> Iterator[Point]:
    yield from points_of_csv(io.StringIO(text.decode(), newline=""), resource, metric)


def _guarded(path: Path, points: Callable[[], Iterable[Point | None]]) -> Iterator[Point | None]:
    """Give points; whatever a document has of another kind than it should have is one error with the file's name."""
    try:
        yield from points()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(_said(error), where=str(path), fix=_NOTHING) from None


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"lacks {error.args[0]!r:.60}"
    if isinstance(error, UnicodeDecodeError):
        return "is no text in UTF-8"
    if isinstance(error, (TypeError, AttributeError)):
        return f"has a value of another kind than its format has: {error!s:.120}"
    return f"{error!s:.200}"
