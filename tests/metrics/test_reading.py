"""Points of each format, and what is refused of them."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.errors import InputError
from guardrail.metrics.point import Point, name_of, seconds_of
from guardrail.metrics.reading import metrics_files
from tests.metrics.conftest import DATA, QUERIES, RECORD, STATISTICS, STREAM, VM, azure, google

AT = datetime(2026, 11, 1, tzinfo=UTC)
INSTANCE = "projects/p/zones/z/instances/vm"


@pytest.fixture
def points(write):
    """Return the points of files, and the source that each is of."""

    def call(*contents, **more):
        paths = [write(content, f"file{number}") for number, content in enumerate(contents)]
        files = list(metrics_files(paths, **more))
        return [point for file in files for point in file.points]

    return call


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


CASES = {
    "stream": (
        [lines(STREAM)],
        {},
        Point("i-1", "cpu", "percent", "", AT, 60, 4, {"sum": 40, "max": 16, "min": 2, "mean": 10, "p99": 15.5}),
    ),
    "get-metric-statistics": (
        [STATISTICS],
        {"resource": "i-1"},
        Point("i-1", "cpu", "percent", "", AT, None, 12, {"mean": 10, "max": 90, "p99": 88}),
    ),
    "azure list": ([azure()], {}, Point(VM, "cpu", "percent", "", AT, 300, None, {"mean": 10, "max": 90})),
    "azure record": (
        [lines(RECORD)],
        {},
        Point(VM.upper(), "cpu", "percent", "", AT, 60, 5, {"mean": 10, "max": 16, "min": 2, "sum": 50}),
    ),
    "google": ([google()], {}, Point(INSTANCE, "cpu", "percent", "", AT, 300, None, {"mean": 10})),
    "csv": (
        ["id,metric,at,value\ni-1,cpu,2026-11-01,10\n"],
        {},
        Point("i-1", "cpu", "percent", "", AT, None, None, {"mean": 10}),
    ),
    "csv of one series": (
        ["timestamp,value\n2026-11-01 00:00:00,10\n"],
        {"resource": "i-1", "metric": "cpu"},
        Point("i-1", "cpu", "percent", "", AT, None, None, {"mean": 10}),
    ),
    "csv of days": (
        ["id,metric,day,n,mean,p50,p95,p99,max,unit\ni-1,iops,2026-11-01,288,1,1,2,3,4,Count\n"],
        {},
        Point("i-1", "iops", "count", "", AT, None, 288, {"mean": 1, "p50": 1, "p95": 2, "p99": 3, "max": 4}),
    ),
}


@pytest.mark.parametrize("contents, more, point", CASES.values(), ids=CASES)
def test_each_format_is_told_by_what_is_in_it(points, contents, more, point):
    assert points(*contents, **more) == [point]


def test_queries_say_what_the_results_of_get_metric_data_are_of(points):
    for order in ((QUERIES, DATA), (DATA, QUERIES), (QUERIES["MetricDataQueries"], DATA)):
        found = points(*order)
        assert [(one.id, one.metric, one.period, one.n, one.values) for one in found] == [
            ("i-1", "cpu", 300, None, {"mean": 10}),
            ("i-1", "cpu", 300, None, {"max": 90}),
            ("i-1", "cpu", 300, 5, {}),
        ]


def test_compressed_files_and_other_wrappings_are_the_same(points):
    plain = points(lines(RECORD, RECORD))
    assert points(gzip.compress(lines(RECORD, RECORD).encode())) == plain
    assert points({"records": [RECORD, RECORD]}) == plain
    assert points([RECORD, RECORD]) == plain
    assert points(b"\xef\xbb\xbf" + lines(RECORD).encode()) == plain[:1]
    assert points(google()["timeSeries"]) == points(google())
    of_batch = {"values": [{**azure(), "resourceid": VM}]}
    assert points(of_batch) == points(azure())


def test_what_is_free_of_memory_at_least_is_used_at_most(points):
    row = {"timeStamp": "2026-11-01T00:00:00Z", "average": 30.0, "minimum": 5.0, "maximum": 40.0}
    (point,) = points(azure("Available Memory Percentage", [row]))
    assert (point.metric, point.values) == ("memory", {"mean": 70, "max": 95, "min": 60})


def test_minutes_without_data_are_no_points(points):
    found = points(
        azure(data=[{"timeStamp": "2026-11-01T00:00:00Z"}, {"timeStamp": "2026-11-01T00:05:00Z", "average": 1}])
    )
    assert [one.values for one in found] == [{"mean": 1}]


@pytest.mark.parametrize(
    "dimensions, of, series",
    [
        ({"InstanceId": "i-1", "ImageId": "ami-1", "InstanceType": "t3.micro"}, "i-1", ""),
        ({"LoadBalancer": "app/web/50dc"}, "50dc", ""),
        ({"LoadBalancer": "app/web/50dc", "AvailabilityZone": "us-east-1a"}, "50dc", "AvailabilityZone=us-east-1a"),
        ({"InstanceId": "i-1", "device": "xvda1", "path": "/"}, "i-1", "device=xvda1,path=/"),
    ],
)
def test_dimensions_say_which_resource_it_is_and_which_part(points, dimensions, of, series):
    (point,) = points(lines({**STREAM, "dimensions": dimensions}))
    assert (point.id, point.series) == (of, series)


@pytest.mark.parametrize("dimensions", [{}, {"InstanceType": "t3.micro"}, {"AutoScalingGroupName": "web"}])
def test_what_is_measured_of_no_resource_is_said_to_be_of_none(points, dimensions):
    assert points(lines({**STREAM, "dimensions": dimensions})) == [None]


def test_parts_of_what_google_measures_are_series(points):
    kind = "compute.googleapis.com/instance/network/received_bytes_count"
    (point,) = points(google(kind, {"int64Value": "7"}, {"loadbalanced": "true"}, metricKind="DELTA"))
    assert (point.metric, point.unit, point.series, point.values) == (
        "network_in",
        "bytes",
        "loadbalanced=true",
        {"mean": 7, "sum": 7},
    )
    memory = "agent.googleapis.com/memory/percent_used"
    assert points(google(memory, {"doubleValue": 40}, {"state": "cached"})) == []
    (point,) = points(google(memory, {"doubleValue": 40}, {"state": "used"}))
    assert (point.metric, point.series, point.values) == ("memory", "", {"mean": 40})


def test_a_metric_that_is_not_known_keeps_its_name_and_unit():
    assert name_of("aws", "StatusCheckFailed", "Count").metric == "StatusCheckFailed"
    assert name_of("aws", "StatusCheckFailed", "Count").unit == "count"
    assert name_of("azure", "percentage cpu").metric == "cpu"


def test_durations():
    assert [seconds_of(text) for text in ("PT5M", "P1D", "PT1H30M", "FULL", None, "P")] == [
        300,
        86_400,
        5_400,
        None,
        None,
        None,
    ]


FAULTY = [
    ("", "lacks the columns"),
    ("id,metric,at,value\n", None),
    ("id,metric,at\ni,cpu,2026-11-01\n", "lacks the columns value"),
    ("id,metric,at,value\ni,cpu,2026-11-01,ten\n", "line 2: is no number: 'ten'"),
    ("id,metric,at,value\ni,cpu,2026-11-01,nan\n", "line 2: is no number"),
    ("id,metric,at,value\ni,cpu,yesterday,1\n", "line 2: is no time: 'yesterday'"),
    ("id,metric,at,value\n,cpu,2026-11-01,1\n", "line 2: says no id"),
    ("id,metric,at,value\ni,cpu,2026-11-01,\n", "line 2: has no value"),
    ("id,metric,at,value\ni,cpu\n", "line 2: has another number of fields"),
    ("id,metric,at,value,n\ni,cpu,2026-11-01,1,1e30\n", "line 2: is no number of samples"),
    ("id,metric,at,value,period\ni,cpu,2026-11-01,1,-5\n", "line 2: is no period in seconds"),
    ("id,metric,at,value\ni,cpu,0001-01-01,1\n", "line 2: is no time of a metric"),
    ('id,metric,at,value\n"a\nb",cpu,2026-11-01,1\n', "has no id that can be told"),
    (f"id,metric,at,value\n{'i' * 9_000},cpu,2026-11-01,1\n", "line 2: has no id that can be told"),
    ("id,id,metric,at,value\ni,j,cpu,2026-11-01,1\n", "line 1: two columns are called 'id'"),
    ("id;metric;at;value\ni;cpu;2026-11-01;1\n", "with commas in between"),
    (google(value={"doubleValue": 1e308}), "is no number: inf"),
    (b"id,metric,at,value\n\xff,cpu,2026-11-01,1\n", "no text in UTF-8"),
    ("\ufeffid".encode("utf-16"), "UTF-16"),
    (b"\x1f\x8bnothing", "cannot be read"),
    ("{}", "in no format of metrics"),
    ("[]", "in no format of metrics"),
    ("[1]", "in no format of metrics"),
    ('{"a":', "is no JSON"),
    ("[" * 100_000, "is no JSON"),
    (DATA, "do not say what they are of"),
    (STATISTICS, "do not say which resource"),
    (lines(STREAM, {**STREAM, "value": {"count": 1}}), "line 2: lacks 'sum'"),
    (lines(STREAM, {**STREAM, "value": 7}), "line 2: has a value of another kind"),
    (lines(STREAM) + '{"cut', "line 2: "),
    (lines({**STREAM, "timestamp": 1e300}), "line 1: is no time"),
    (lines({**STREAM, "dimensions": None}), "line 1: has a value of another kind"),
    (azure(timeseries=None), "has a value of another kind"),
    (azure(id="x"), "without the id of its resource"),
    (google(points=[{"interval": {}, "value": {}}]), "lacks 'endTime'"),
    (google(value={"stringValue": "x"}), "has a point that is no number"),
]


@pytest.mark.parametrize("content, said", FAULTY)
def test_what_cannot_be_read_is_one_line_with_its_file(points, content, said):
    if said is None:
        assert points(content) == []
        return
    with pytest.raises(InputError) as caught:
        points(content)
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert "file0" in str(caught.value)


def test_a_series_of_more_times_than_values_is_refused(points):
    series = {**DATA["MetricDataResults"][0], "Values": []}
    with pytest.raises(InputError, match="has a series of 1 times and 0 values"):
        points(QUERIES, {"MetricDataResults": [series]})


def test_a_series_without_its_query_is_refused(points):
    with pytest.raises(InputError, match="no file tells its query"):
        points(QUERIES, {"MetricDataResults": [{"Id": "m9", "Timestamps": [], "Values": []}]})


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "value",
                        "values",
                        "timeSeries",
                        "Datapoints",
                        "MetricDataResults",
                        "records",
                        "points",
                        "id",
                        "metric",
                        "resourceid",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_no_document_ends_otherwise_than_in_points_or_one_line(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("metrics") / "file"
    path.write_text(json.dumps(document), encoding="utf-8")
    said = ""
    try:
        for file in metrics_files([path], "i-1", "cpu"):
            list(file.points)
    except InputError as error:
        said = str(error)
    assert said.count("\n") == 0
