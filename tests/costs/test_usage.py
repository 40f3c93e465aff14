"""Usage files in the shape of infracost-usage.yml."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.costs import Library, Usage, load_usage
from guardrail.costs.usage.keys import unread_keys
from guardrail.errors import InputError

FILE = """\
version: 0.1
resource_type_default_usage:
  aws_lambda_function: {monthly_requests: 100000, request_duration_ms: 500}
  aws_s3_bucket:
    standard: {storage_gb: 10, monthly_tier_1_requests: 5}
resource_usage:
  aws_lambda_function.fn: {monthly_requests: 5}
  'module.m[*].aws_cloudwatch_log_group.g[*]': {storage_gb: 10, queries: 7}
  'module.m["x"].aws_cloudwatch_log_group.g[0]': {storage_gb: 99}
  aws_s3_bucket.b:
    standard: {storage_gb: 20}
  aws_s3_bucket.path: {standard.storage_gb: 30}
  aws_sqs_queue.commented:
  google_container_cluster.c: {nodes: 1, 'node_pool[0].nodes': 2}
"""


@pytest.fixture
def usage(tmp_path):
    def write(text=FILE):
        file = tmp_path / "usage.yml"
        file.write_text(text, encoding="utf-8")
        return load_usage(file)

    return write


def test_numbers_may_be_grouped(usage):
    text = "resource_usage:\n  aws_sqs_queue.q: {monthly_requests: 1_000_000, x: 2_000.5, term: 1_year}\n"
    given = {"monthly_requests": 1_000_000, "x": 2000.5, "term": "1_year"}
    assert usage(text).of("aws_sqs_queue.q", "aws_sqs_queue") == given


@pytest.mark.parametrize(
    "address, type_, given",
    [
        ("aws_lambda_function.other", "aws_lambda_function", {"monthly_requests": 100000, "request_duration_ms": 500}),
        ("aws_lambda_function.fn", "aws_lambda_function", {"monthly_requests": 5, "request_duration_ms": 500}),
        ('module.m["y"].aws_cloudwatch_log_group.g[3]', "aws_cloudwatch_log_group", {"storage_gb": 10, "queries": 7}),
        ('module.m["x"].aws_cloudwatch_log_group.g[0]', "aws_cloudwatch_log_group", {"storage_gb": 99, "queries": 7}),
        ("module.m.aws_cloudwatch_log_group.g", "aws_cloudwatch_log_group", {}),
        ("aws_s3_bucket.b", "aws_s3_bucket", {"standard": {"storage_gb": 20, "monthly_tier_1_requests": 5}}),
        ("aws_s3_bucket.path", "aws_s3_bucket", {"standard": {"storage_gb": 30, "monthly_tier_1_requests": 5}}),
        ("aws_sqs_queue.commented", "aws_sqs_queue", {}),
        ("google_container_cluster.c", "google_container_cluster", {"nodes": 1, "node_pool[0]": {"nodes": 2}}),
    ],
)
def test_an_exact_address_is_laid_over_wildcards_and_both_over_the_type_key_by_key(usage, address, type_, given):
    assert usage().of(address, type_) == given


@given(
    by_type=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
    wildcard=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
    exact=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
    is_first=st.booleans(),
)
def test_no_key_that_is_given_is_lost(by_type, wildcard, exact, is_first):
    entries = [("a.b[*]", wildcard), ("a.b[0]", exact)]
    whole = Usage({"a": by_type}, dict(entries if is_first else reversed(entries)))
    assert whole.of("a.b[0]", "a") == by_type | wildcard | exact
    nested = Usage({"a": {"x": by_type}}, {"a.b[*]": {"x": wildcard}, "a.b[0]": {"x": exact}})
    assert nested.of("a.b[0]", "a") == {"x": by_type | wildcard | exact}


@pytest.mark.parametrize("text", ["", "version: 0.1\n", "resource_usage:\n"])
def test_an_empty_file_gives_nothing(usage, text):
    assert usage(text).of("a.b", "a") == {}


@pytest.mark.parametrize(
    "text, message",
    [
        ("resource_usge: {}\n", "unknown key 'resource_usge'"),
        ("resource_usage: {a.b: 3}\n", "resource_usage.a.b: should be keys with values, not 3"),
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


LAMBDA, BUCKET, GKE = "aws_lambda_function", "aws_s3_bucket", "google_container_cluster"
NODE_GROUP = "aws_eks_node_group"


@pytest.mark.parametrize(
    "type_, given, said",
    [
        (LAMBDA, "monthly_request: 7", ['has no usage key monthly_request (did you mean "monthly_requests"?)']),
        (LAMBDA, "monthly_requests: 7", []),
        (LAMBDA, "monthly_requests:", []),
        (BUCKET, "standard: {storage_gib: 7}", ['has no usage key storage_gib (did you mean "storage_gb"?)']),
        (BUCKET, "standard.storage_gb: 7", []),
        (BUCKET, "standart.storage_gb: 7", ["has no usage key standart.storage_gb"]),
        (GKE, "'node_pool[1]': {nodes: 7}", []),
        (GKE, "'node_pool[1].nodes': 7", []),
        (GKE, "'node_pool[1].node': 7", ["has no usage key node_pool[1].node"]),
        (NODE_GROUP, "operating_system: linux", []),
        ("azurerm_linux_virtual_machine", "os_disk: {monthly_disk_operations: 7}", []),
        ("aws_eip", "monthly_hours: 7", ["has no usage key monthly_hours"]),
        ("google_artifact_registry_repository", "monthly_egress_data_transfer_gb: {us_east1: 7}", []),
    ],
)
def test_a_key_that_the_type_does_not_have_is_named_with_its_line(usage, type_, given, said):
    found = usage(f"resource_type_default_usage:\n  {type_}:\n    {given}\n")
    lines = list(unread_keys(found, {type_: type_}, Library()))
    assert [what for _, what in lines if any(part in what for part in said)] == [what for _, what in lines]
    assert len(lines) == len(said)
    assert all(where.endswith("usage.yml:3") for where, _ in lines)


@pytest.mark.parametrize(
    "type_, given, said",
    [
        (LAMBDA, "monthly_requests: lots", "monthly_requests: must be a number of requests, not 'lots'"),
        (LAMBDA, "monthly_requests: [1]", "must be a number"),
        (LAMBDA, "monthly_requests: {a: lots}", "must be a number"),
        (LAMBDA, "monthly_requests: '7'", "must be a number"),
        (LAMBDA, "monthly_requests: -7", "must not be negative"),
        (BUCKET, "standard: 7", "standard: must hold keys ("),
        ("aws_instance", "operating_system: beos", "'linux', 'windows', 'suse', 'rhel', not 'beos'"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_its_line(usage, type_, given, said):
    found = usage(f"resource_type_default_usage:\n  {type_}:\n    {given}\n")
    with pytest.raises(InputError) as caught:
        list(unread_keys(found, {type_: type_}, Library()))
    assert said in caught.value.what
    assert caught.value.where.endswith("usage.yml:3")


CHANGES = [
    {
        "address": f'aws_lambda_function.f["{key}"]',
        "mode": "managed",
        "type": "aws_lambda_function",
        "name": "f",
        "index": key,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": ["create"], "before": None, "after": {"function_name": key}, "after_unknown": {}},
    }
    for key in "ab"
]
PLAN = {"format_version": "1.2", "configuration": {"root_module": {}}, "resource_changes": CHANGES}
PROJECTS = "version: 1\nprojects: [{name: a, plan: a.json, usage: u.yml}, {name: b, plan: b.json, usage: u.yml}]\n"


@pytest.mark.parametrize(
    "files, args, said",
    [
        ({"u.yml": "aws_lambda_function.g: {}"}, ["a.json", "--usage-file", "u.yml"], ["aws_lambda_function.g"]),
        ({"u.yml": "aws_lambda_function.f[*]: {}"}, ["a.json", "--usage-file", "u.yml"], []),
        ({"u.yml": "'aws_lambda_function.f[\"b\"]': {}", "guardrail.yaml": PROJECTS}, [], []),
        ({"u.yml": "'aws_lambda_function.f[\"b\"]': {}", "guardrail.yaml": PROJECTS}, ["--project", "a"], []),
        ({"u.yml": "aws_lambda_function.g: {}", "guardrail.yaml": PROJECTS}, [], ["aws_lambda_function.g"]),
    ],
)
def test_an_address_that_nothing_of_the_run_has_is_named_once(tmp_path, run, files, args, said):
    for name, key in (("a.json", 0), ("b.json", 1)):
        plan = PLAN | {"resource_changes": CHANGES[key : key + 1]}
        (tmp_path / name).write_text(json.dumps(plan), encoding="utf-8")
    for name, text in files.items():
        (tmp_path / name).write_text(f"resource_usage:\n  {text}\n" if name == "u.yml" else text, encoding="utf-8")
    warnings = json.loads(run("estimate", *args, "--format", "json").stdout)["warnings"]
    stale = [
        warning.partition("has the address ")[2].split()[0] for warning in warnings if "has the address" in warning
    ]
    assert stale == said


def test_many_addresses_are_folded_and_types_of_elsewhere_are_none_of_them(tmp_path, run):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    text = "resource_type_default_usage: {aws_s3_bucket: {}, aws_lamda_function: {}}\nresource_usage:\n"
    text += "".join(f"  aws_sqs_queue.q{number}: {{}}\n" for number in range(9))
    (tmp_path / "u.yml").write_text(text, encoding="utf-8")
    said = json.loads(run("estimate", "plan.json", "--usage-file", "u.yml", "--format", "json").stdout)["warnings"]
    assert said[0].endswith('u.yml:1: no usage of aws_lamda_function is read (did you mean "aws_lambda_function"?)')
    assert said[1:6] == [
        f"u.yml:{number + 3}: no resource has the address aws_sqs_queue.q{number}" for number in range(5)
    ]
    assert said[6].endswith("4 more addresses that no resource has")


def test_what_a_template_asks_for_is_a_key_with_a_value_of_its_kind():
    library = Library()
    entries = {
        name: {
            key: usage.one_of[0] if usage.one_of else 1 if usage.default is None else usage.default
            for key, usage in tariff.definition.usage.items()
        }
        for name in library.priced_types()
        if (tariff := library.find(name))
    }
    assert list(unread_keys(Usage(entries), {name: name for name in entries}, library)) == []
