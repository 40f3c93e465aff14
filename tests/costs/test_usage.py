"""Usage files in the shape of infracost-usage.yml."""

import pytest

from guardrail.costs import load_usage
from guardrail.errors import InputError

FILE = """\
version: 0.1
resource_type_default_usage:
  aws_lambda_function: {monthly_requests: 100000, request_duration_ms: 500}
  aws_s3_bucket:
    standard: {storage_gb: 10, monthly_tier_1_requests: 5}
resource_usage:
  aws_lambda_function.fn: {monthly_requests: 5}
  'module.m[*].aws_cloudwatch_log_group.g[*]': {storage_gb: 10}
  'module.m["x"].aws_cloudwatch_log_group.g[0]': {storage_gb: 99}
  aws_s3_bucket.b:
    standard: {storage_gb: 20}
  aws_sqs_queue.commented:
"""


@pytest.fixture
def usage(tmp_path):
    def write(text=FILE):
        file = tmp_path / "usage.yml"
        file.write_text(text, encoding="utf-8")
        return load_usage(file)

    return write


@pytest.mark.parametrize(
    "address, type_, given",
    [
        ("aws_lambda_function.other", "aws_lambda_function", {"monthly_requests": 100000, "request_duration_ms": 500}),
        ("aws_lambda_function.fn", "aws_lambda_function", {"monthly_requests": 5, "request_duration_ms": 500}),
        ('module.m["y"].aws_cloudwatch_log_group.g[3]', "aws_cloudwatch_log_group", {"storage_gb": 10}),
        ('module.m["x"].aws_cloudwatch_log_group.g[0]', "aws_cloudwatch_log_group", {"storage_gb": 99}),
        ("module.m.aws_cloudwatch_log_group.g", "aws_cloudwatch_log_group", {}),
        ("aws_s3_bucket.b", "aws_s3_bucket", {"standard": {"storage_gb": 20, "monthly_tier_1_requests": 5}}),
        ("aws_sqs_queue.commented", "aws_sqs_queue", {}),
    ],
)
def test_an_exact_address_wins_over_wildcards_and_both_over_the_type_key_by_key(usage, address, type_, given):
    assert usage().of(address, type_) == given


def test_entries_that_fit_nothing_are_told(usage):
    addresses = ["aws_lambda_function.fn", 'module.m["x"].aws_cloudwatch_log_group.g[0]']
    assert usage().unused(addresses, ["aws_lambda_function"]) == [
        "aws_s3_bucket",
        "aws_s3_bucket.b",
        "aws_sqs_queue.commented",
    ]


@pytest.mark.parametrize("text", ["", "version: 0.1\n", "resource_usage:\n"])
def test_an_empty_file_gives_nothing(usage, text):
    assert usage(text).of("a.b", "a") == {}


@pytest.mark.parametrize(
    "text, message",
    [
        ("resource_usge: {}\n", "unknown key 'resource_usge'"),
        ("resource_usage: {a.b: 3}\n", "resource_usage.a.b: should be a valid dictionary"),
        ("- 1\n", "must hold keys and values"),
        ("a: [1\n", "not valid YAML"),
        ("a: !!python/object:os.system x\n", "the tag 'tag:yaml.org,2002:python/object"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line(usage, text, message):
    with pytest.raises(InputError) as caught:
        usage(text)
    assert caught.value.what.startswith(message)
    assert "usage.yml" in caught.value.where


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no such usage file"):
        load_usage(tmp_path / "nope.yml")
