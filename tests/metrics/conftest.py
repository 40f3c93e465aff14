"""Small files of metrics in the vendors' documented formats."""

import json

import pytest

STREAM = {
    "metric_stream_name": "all",
    "account_id": "123456789012",
    "region": "us-east-1",
    "namespace": "AWS/EC2",
    "metric_name": "CPUUtilization",
    "dimensions": {"InstanceId": "i-1"},
    "timestamp": 1793491200000,  # 2026-11-01
    "value": {"count": 4.0, "sum": 40.0, "max": 16.0, "min": 2.0, "p99": 15.5},
    "unit": "Percent",
}
QUERIES = {
    "MetricDataQueries": [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/EC2",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
                },
                "Period": 300,
                "Stat": statistic,
            },
        }
        for name, metric, statistic in (
            ("m1", "CPUUtilization", "Average"),
            ("m2", "CPUUtilization", "Maximum"),
            ("m3", "CPUUtilization", "SampleCount"),
        )
    ]
}
DATA = {
    "MetricDataResults": [
        {
            "Id": name,
            "Label": "x",
            "Timestamps": ["2026-11-01T00:00:00+00:00"],
            "Values": [value],
            "StatusCode": "Complete",
        }
        for name, value in (("m1", 10), ("m2", 90), ("m3", 5))
    ]
}
STATISTICS = {
    "Label": "CPUUtilization",
    "Datapoints": [
        {
            "Timestamp": "2026-11-01T00:00:00Z",
            "Average": 10.0,
            "Maximum": 90.0,
            "SampleCount": 12.0,
            "Unit": "Percent",
            "ExtendedStatistics": {"p99": 88.0},
        }
    ],
}
VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm"


def azure(
    name="Percentage CPU", data=({"timeStamp": "2026-11-01T00:00:00Z", "average": 10.0, "maximum": 90.0},), **more
):
    """Return what `az monitor metrics list` prints of one metric."""
    return {
        "cost": 59,
        "interval": "PT5M",
        "namespace": "Microsoft.Compute/virtualMachines",
        "value": [
            {
                "id": f"{VM}/providers/Microsoft.Insights/metrics/{name}",
                "name": {"localizedValue": name, "value": name},
                "timeseries": [{"data": list(data), "metadatavalues": []}],
                "unit": "Percent",
                **more,
            }
        ],
    }


RECORD = {
    "count": 5,
    "total": 50,
    "minimum": 2,
    "maximum": 16,
    "average": 10,
    "resourceId": VM.upper(),
    "time": "2026-11-01T00:00:00.0000000Z",
    "metricName": "Percentage CPU",
    "timeGrain": "PT1M",
}


def google(kind="compute.googleapis.com/instance/cpu/utilization", value=None, labels=None, **more):
    """Return what `projects.timeSeries.list` returns of one series."""
    return {
        "timeSeries": [
            {
                "metric": {"type": kind, "labels": {"instance_name": "vm", **(labels or {})}},
                "resource": {"type": "gce_instance", "labels": {"project_id": "p", "zone": "z", "instance_id": "77"}},
                "metricKind": "GAUGE",
                "valueType": "DOUBLE",
                "points": [
                    {
                        "interval": {"startTime": "2026-11-01T00:00:00Z", "endTime": "2026-11-01T00:05:00Z"},
                        "value": value or {"doubleValue": 0.1},
                    }
                ],
                **more,
            }
        ],
        "unit": "10^2.%",
    }


@pytest.fixture
def write(tmp_path):
    """Write a file of metrics: a text as it is, bytes, anything else as JSON."""

    def call(content, name="metrics"):
        path = tmp_path / name
        data = content if isinstance(content, (bytes, str)) else json.dumps(content)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return call
