import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.model.resource import Tags
from guardrail.model.unknown import Unknown
from tests.terraform.plans import block, by_address, change, document

TEAM = {"team": "a"}
DEFAULTS = "default_tags of provider aws.eu"
LABELS = "default_labels of provider google"


def provider(tags) -> dict:
    """A provider configuration with default tags; a list is what they refer to."""
    expression = {"references": tags} if isinstance(tags, list) else {"constant_value": tags}
    return {"aws.eu": {"name": "aws", "alias": "eu", "expressions": {"default_tags": [{"tags": expression}]}}}


def tags(after, unknown=None, *, address="aws_s3_bucket.b", key="aws.eu", providers=None, **sections) -> Tags:
    root = {"resources": [block(address, key)]}
    source = document(change(address, after, unknown=unknown), root=root, providers=providers or {}, **sections)
    return by_address(source)[address].tags


@pytest.mark.parametrize(
    "after, unknown, values, origins",
    [
        ({"tags": TEAM, "tags_all": {**TEAM, "env": "b"}}, {}, {"team": "a", "env": "b"}, ["resource", DEFAULTS]),
        ({"tags": None, "tags_all": {"env": "b"}}, {}, {"env": "b"}, [DEFAULTS]),
        ({"tags": None, "tags_all": {}}, {}, {}, []),
        ({"tags": TEAM}, {"tags_all": True}, {"env": "default", "team": "a"}, [DEFAULTS, "resource"]),
        ({"tags": None}, {"tags_all": True}, {"env": "default"}, [DEFAULTS]),
        ({"tags": {"env": "own"}}, {"tags_all": True}, {"env": "own"}, ["resource"]),
        ({"tags": TEAM}, {}, {"env": "default", "team": "a"}, [DEFAULTS, "resource"]),
        ({"tags": TEAM}, {"tags": {"id": True}, "tags_all": True}, {"env": "default", "team": "a", "id": Unknown("tags.id")}, [DEFAULTS, "resource", "resource"]),
        ({"tags": TEAM, "tags_all": TEAM}, {"tags_all": {"id": True}}, {"team": "a", "id": Unknown("tags_all.id")}, ["resource", DEFAULTS]),
        ({"tags": {"team": "", "no": None, "n": 1, "yes": True}, "tags_all": {"team": "", "no": None, "n": 1, "yes": True}}, {}, {"team": "", "n": "1", "yes": "true"}, ["resource"] * 3),
        ({"tags": {"env": None}}, {"tags_all": True}, {"env": "default"}, [DEFAULTS]),
        ({"tags": None, "labels": {"node": "x"}, "tags_all": {}}, {}, {}, []),
        ({"tags": None, "labels": {"node": "x"}}, {"tags_all": True}, {"env": "default"}, [DEFAULTS]),
        ({"device_name": "/dev/sdh"}, {"id": True}, {}, []),
    ],
)  # fmt: skip
def test_effective_tags_of_aws(after, unknown, values, origins):
    found = tags(after, unknown, providers=provider({"env": "default"}))
    assert found.values == values
    assert list(found.origins.values()) == origins
    assert found.origins.keys() == found.values.keys()
    assert found.unknown is None


@pytest.mark.parametrize(
    "type_, after, unknown, expressions, is_unknown",
    [
        ("google_sql_database_instance", {"settings": [{"tier": "x"}]}, {"settings": [{"user_labels": True}]}, {"settings": [{"tier": {"constant_value": "x"}}]}, False),
        ("google_sql_database_instance", {"settings": [{"tier": "x"}]}, {"settings": [{"user_labels": True}]}, {"settings": [{"user_labels": {"references": ["random_pet.a.id"]}}]}, True),
        ("google_sql_database_instance", {"settings": []}, {"settings": True}, {"settings": [{}]}, True),
        ("google_bigquery_table", {"table_id": "t"}, {"labels": True}, {"labels": {"references": ["random_pet.a.id"]}}, True),
    ],
)  # fmt: skip
def test_tags_that_the_configuration_leaves_out_are_none(type_, after, unknown, expressions, is_unknown):
    address = f"{type_}.a"
    root = {"resources": [{**block(address, "google"), "expressions": expressions}]}
    source = document(change(address, after, unknown=unknown, provider_name="google"), root=root)
    found = by_address(source)[address].tags
    assert (found.unknown is not None, dict(found.values)) == (is_unknown, {})


def test_tags_that_are_unknown_as_a_whole():
    assert tags({}, {"tags": True, "tags_all": True}).unknown == Unknown("tags")


@pytest.mark.parametrize(
    "default, values, unknown",
    [
        (["var.tags"], {"env": "v", "team": "a"}, False),
        (["var.all.tags", "var.all"], {"env": "w", "team": "a"}, False),
        (["var.tags", "local.more"], {"team": "a"}, True),
        (["random_id.x.hex", "random_id.x"], {"team": "a"}, True),
    ],
)
def test_default_tags_may_come_from_variables(default, values, unknown):
    variables = {"tags": {"value": {"env": "v"}}, "all": {"value": {"tags": {"env": "w"}}}}
    found = tags({"tags": TEAM}, {"tags_all": True}, providers=provider(default), variables=variables)
    assert found.values == values
    assert (found.unknown is not None) is unknown


def test_what_was_before_has_no_defaults_of_today():
    root = {"resources": [block("aws_s3_bucket.b", "aws.eu")]}
    moved = change("aws_s3_bucket.b", {"tags": TEAM}, actions=["update"], before={"tags": {"team": "b"}})
    found = by_address(document(moved, root=root, providers=provider({"env": "x"})))["aws_s3_bucket.b"]
    assert found.before_tags.values == {"team": "b"}
    assert found.tags.values == {"env": "x", "team": "a"}


@pytest.mark.parametrize(
    "after, unknown, expected",
    [
        ({"tag": [{"key": "team", "value": "a", "propagate_at_launch": True}]}, {}, Tags(TEAM, {"team": "resource"})),
        ({"tag": None, "tags": [{"key": "team", "value": "a"}]}, {}, Tags(TEAM, {"team": "resource"})),
        (
            {"tag": [{"key": "team"}]},
            {"tag": [{"value": True}]},
            Tags({"team": Unknown("tag.0.value")}, {"team": "resource"}),
        ),
        ({"tag": [{}]}, {"tag": [{"key": True}]}, Tags(unknown=Unknown("tags"))),
        ({}, {"tag": True}, Tags(unknown=Unknown("tags"))),
        ({"tag": []}, {}, Tags()),
    ],
)
def test_tag_blocks_of_autoscaling_groups(after, unknown, expected):
    address = "aws_autoscaling_group.web"
    assert tags(after, unknown, address=address, providers=provider({"env": "x"})) == expected


SQL, RUN, ALERT = "google_sql_database_instance.db", "google_cloud_run_service.run", "google_monitoring_alert_policy.p"
BOTH = [LABELS, "resource"]


@pytest.mark.parametrize(
    "address, after, unknown, values, origins",
    [
        ("google_compute_disk.d", {"labels": TEAM, "effective_labels": {**TEAM, "env": "b"}}, {}, {"team": "a", "env": "b"}, ["resource", LABELS]),
        ("google_compute_disk.d", {"labels": TEAM, "terraform_labels": TEAM}, {"effective_labels": True}, TEAM, ["resource"]),
        ("google_compute_disk.d", {"labels": TEAM}, {}, {"env": "default", "team": "a"}, BOTH),
        ("google_compute_instance.web", {"labels": None, "tags": ["http"]}, {}, {"env": "default"}, [LABELS]),
        ("google_of_tomorrow.x", {"labels": TEAM}, {}, {"env": "default", "team": "a"}, BOTH),
        ("google_container_cluster.k8s", {"resource_labels": TEAM, "terraform_labels": TEAM}, {}, TEAM, ["resource"]),
        (ALERT, {"user_labels": TEAM}, {}, TEAM, ["resource"]),
        (SQL, {"settings": [{"user_labels": TEAM}]}, {}, TEAM, ["resource"]),
        (SQL, {"settings": [{}]}, {"settings": [{"user_labels": {"id": True}}]}, {"id": Unknown("user_labels.id")}, ["resource"]),
        (SQL, {"settings": []}, {}, {}, []),
        (RUN, {"metadata": [{"labels": TEAM}]}, {"metadata": [{"effective_labels": True}]}, {"env": "default", "team": "a"}, BOTH),
        (RUN, {"metadata": [{"labels": None, "effective_labels": {"env": "b"}}]}, {}, {"env": "b"}, [LABELS]),
    ],
)  # fmt: skip
def test_labels_of_google(address, after, unknown, values, origins):
    expressions = {"default_labels": {"constant_value": {"env": "default"}}}
    providers = {"google": {"name": "google", "expressions": expressions}}
    found = tags(after, unknown, address=address, key="google", providers=providers)
    assert found.values == values
    assert list(found.origins.values()) == origins


def test_labels_in_a_block_that_is_unknown_are_unknown():
    assert tags({}, {"settings": True}, address=SQL, key="google").unknown == Unknown("user_labels")


def test_tags_of_azure():
    found = tags({"tags": TEAM}, address="azurerm_managed_disk.d", key="azurerm")
    assert found == Tags(TEAM, {"team": "resource"})


@pytest.mark.parametrize(
    "address, after, unknown, taggable",
    [
        ("aws_s3_bucket.b", {"tags": None}, {}, True),
        ("aws_s3_bucket.b", {}, {"tags_all": True}, True),
        ("aws_volume_attachment.va", {"device_name": "/dev/sdh"}, {"id": True}, False),
        ("aws_autoscaling_group.web", {"tag": []}, {}, True),
        ("aws_autoscaling_group_tag.t", {"tag": [{"key": "a"}]}, {}, False),
        ("google_compute_instance.web", {"labels": None, "tags": ["http"]}, {}, True),
        ("google_compute_firewall.web", {"target_tags": ["http"], "tags": ["x"]}, {}, False),
        ("google_sql_database_instance.db", {"settings": [{"user_labels": None}]}, {}, True),
        ("google_container_cluster.k8s", {"resource_labels": None}, {}, True),
        ("azurerm_managed_disk.d", {"tags": None}, {}, True),
        ("azurerm_subnet.s", {"name": "s"}, {}, False),
        ("datadog_monitor.m", {"tags": ["a"]}, {}, False),
        ("random_id.x", {}, {"hex": True}, False),
        ("google_cloud_identity_group.g", {"labels": TEAM}, {}, False),
        ("hcloud_server.s", {"labels": None}, {}, True),
        ("kubernetes_labels.node", {"labels": TEAM}, {}, False),
        ("google_monitoring_notification_channel.mail", {"labels": TEAM, "user_labels": None}, {}, True),
        ("google_sql_database_instance.db", {}, {"settings": True}, True),
        ("aws_inspector_resource_group.g", {"tags": TEAM}, {}, False),
        ("azurerm_api_management_named_value.v", {"tags": None}, {}, False),
        ("aws_dx_gateway.g", {"name": "of a provider that gave it none"}, {}, False),
        ("aws_of_tomorrow.x", {"tags": None}, {}, True),
    ],
)
def test_what_can_carry_tags(address, after, unknown, taggable):
    assert by_address(document(change(address, after, unknown=unknown)))[address].taggable is taggable


def test_what_is_deleted_could_carry_tags():
    found = by_address(document(change("aws_s3_bucket.b", actions=["delete"], before={"tags": TEAM})))[
        "aws_s3_bucket.b"
    ]
    assert found.taggable
    assert found.before_tags.values == TEAM
    assert found.tags == Tags()


TAGS = st.dictionaries(st.sampled_from("abcde"), st.text(max_size=3))


@given(TAGS, TAGS)
def test_a_resources_own_tags_win_over_defaults(own, default):
    found = tags({"tags": own}, {"tags_all": True}, providers=provider(default))
    assert found.values == default | own
    assert {key for key, origin in found.origins.items() if origin == "resource"} == own.keys()
