import gc
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.errors import InputError
from guardrail.model.resource import Action
from guardrail.model.unknown import Unknown
from guardrail.terraform import read_plan
from tests.terraform.plans import after, block, by_address, change, document, read, state

OLD, NEW = {"size": 1}, {"size": 2}


def only(source: dict):
    (found,) = read(source).changes
    return found


@pytest.mark.parametrize(
    "keys, action, before, then",
    [
        ({"actions": ["no-op"], "before": OLD, "after": OLD}, Action.NO_OP, OLD, OLD),
        ({"actions": ["create"], "after": NEW}, Action.CREATE, None, NEW),
        ({"actions": ["update"], "before": OLD, "after": NEW}, Action.UPDATE, OLD, NEW),
        ({"actions": ["delete", "create"], "before": OLD, "after": NEW}, Action.REPLACE, OLD, NEW),
        ({"actions": ["create", "delete"], "before": OLD, "after": NEW}, Action.REPLACE, OLD, NEW),
        ({"actions": ["delete"], "before": OLD}, Action.DELETE, OLD, None),
        ({"actions": ["forget"], "before": OLD}, Action.FORGET, OLD, None),
        ({"actions": ["create", "forget"], "before": OLD, "after": NEW}, Action.CREATE, None, NEW),
        ({"actions": ["no-op"], "before": OLD, "after": OLD, "importing": {"id": "i-1"}}, Action.IMPORT, OLD, OLD),
        ({"actions": ["update"], "before": OLD, "after": NEW, "importing": {"id": "i-1"}}, Action.UPDATE, OLD, NEW),
        ({"actions": ["no-op"], "before": OLD, "after": OLD, "previous_address": "aws_eip.old"}, Action.MOVE, OLD, OLD),
        (
            {"actions": ["update"], "before": OLD, "after": NEW, "previous_address": "aws_eip.o"},
            Action.UPDATE,
            OLD,
            NEW,
        ),
        ({"actions": ["no-op"]}, Action.NO_OP, None, None),
        ({"actions": ["no-op"], "before": OLD}, Action.NO_OP, OLD, OLD),
        ({"actions": [], "after": NEW}, Action.CREATE, None, NEW),
        ({"actions": [], "before": OLD}, Action.DELETE, OLD, None),
        ({"actions": ["something-new"], "before": OLD, "after": NEW}, Action.UPDATE, OLD, NEW),
    ],
)
def test_actions(keys, action, before, then):
    found = only(document(change("aws_eip.ip", **keys)))
    assert found.action is action
    assert (found.before and found.before.values) == before
    assert after(found) == then


def test_what_is_moved_or_imported_says_so():
    moved = only(document(change("aws_eip.new", OLD, actions=["update"], before=OLD, previous_address="aws_eip.old")))
    imported = only(document(change("aws_eip.ip", NEW, actions=["update"], before=OLD, importing={"id": "x"})))
    assert moved.previous_address == "aws_eip.old"
    assert imported.importing


def test_addresses_are_taken_as_they_are():
    address = 'module.web["a.b"].module.x[1].aws_instance.this["c/d e"]'
    found = only(document(change(address, {}, module_address='module.web["a.b"].module.x[1]', index="c/d e")))
    assert (found.address, found.module) == (address, 'module.web["a.b"].module.x[1]')
    assert (found.type, found.name, found.index) == ("aws_instance", "this", "c/d e")


@pytest.mark.parametrize(
    "provider_name, address, provider",
    [
        ("registry.terraform.io/hashicorp/aws", "aws_eip.ip", "aws"),
        ("registry.opentofu.org/hashicorp/azurerm", "azurerm_public_ip.ip", "azurerm"),
        ("registry.terraform.io/hashicorp/google-beta", "google_compute_address.ip", "google-beta"),
        ("terraform.io/builtin/terraform", "terraform_data.x", "terraform"),
        ("aws", "aws_eip.ip", "aws"),
        ("aws.peer", "aws_eip.ip", "aws"),
        (None, "google_compute_address.ip", "google"),
        ("", "random_id.x", "random"),
    ],
)
def test_providers_have_short_names(provider_name, address, provider):
    assert only(document(change(address, {}, provider_name=provider_name))).provider == provider


def test_data_sources_and_drift_are_left_out():
    data = change("data.aws_ami.ubuntu", {}, actions=["read"]) | {"mode": "data"}
    unmarked = change("module.m.data.aws_ami.ubuntu", {}, actions=["read"])
    del unmarked["mode"]
    drift = [change("aws_eip.drifted", {}, actions=["update"], before={})]
    plan = read(document(data, unmarked, change("aws_eip.ip", {}), resource_drift=drift))
    assert [found.address for found in plan.changes] == ["aws_eip.ip"]


def test_marks_stay_beside_the_values():
    found = only(
        document(
            change("aws_db_instance.db", {"password": "pw"}, unknown={"arn": True}, after_sensitive={"password": True})
        )
    )
    assert found.after.get("arn") == Unknown("arn")
    assert found.after.get("password") == "pw"
    assert found.after.shown("password") == "(sensitive)"


@pytest.mark.parametrize("mark", [False, None, {}])
def test_marks_may_be_absent(mark):
    source = document(change("aws_eip.ip", NEW, before_sensitive=mark, after_sensitive=mark))
    source["resource_changes"][0]["change"]["after_unknown"] = mark
    assert only(source).after.shown("size") == 2


def test_one_mark_may_stand_for_all():
    source = document(change("aws_eip.ip", {"size": None}, after_sensitive=True))
    source["resource_changes"][0]["change"]["after_unknown"] = True
    side = only(source).after
    assert side.get("size") == Unknown("size")
    assert side.shown("size") == "(sensitive)"


@pytest.mark.parametrize(
    "keys, what",
    [
        ({"change": None}, "has no `change`"),
        ({"change": {"actions": ["create"], "after": None}}, "`after` is null"),
        ({"change": {"actions": ["create", "delete"], "before": OLD}}, "`after` is null"),
        ({"change": {"actions": ["update"], "after": NEW}}, "`before` is null"),
        ({"change": {"actions": ["delete"]}}, "`before` is null"),
        ({"change": {"actions": ["forget"], "after": NEW}}, "`before` is null"),
    ],
)
def test_a_change_without_the_values_that_it_speaks_of_is_refused(keys, what):
    with pytest.raises(InputError, match=rf"aws_eip\.ip.*{what}"):
        read(document(change("aws_eip.ip") | keys))


def test_an_old_object_is_not_the_resource():
    deposed = change("aws_eip.ip", actions=["delete"], before=OLD, deposed="ab12cd34")
    plan = read(document(deposed, change("aws_eip.ip", NEW, actions=["update"], before=OLD)))
    assert [(found.address, found.action) for found in plan.changes] == [("aws_eip.ip", Action.UPDATE)]
    assert plan.warnings == ("an old object of aws_eip.ip is deleted too: what it costs is not counted",)


def test_an_old_object_alone_is_a_delete():
    plan = read(document(change("aws_eip.ip", actions=["delete"], before=OLD, deposed="ab12cd34")))
    assert [(found.address, found.action) for found in plan.changes] == [("aws_eip.ip", Action.DELETE)]
    assert plan.warnings == ()


def test_of_a_repeated_address_the_first_counts():
    plan = read(document(change("aws_eip.ip", OLD), change("aws_eip.ip", NEW), change("aws_eip.ip", NEW)))
    assert [after(found) for found in plan.changes] == [OLD]
    assert plan.warnings == ("aws_eip.ip stands in the plan 3 times: the first is used",)


def planned(*, prior=None, listed=None, resources=(("aws_eip.ip", NEW),), **sections) -> dict:
    """A plan with planned values and few or no changes."""
    source = document(*(listed or ()), planned_values=state(*resources), **sections)
    if listed is None:
        del source["resource_changes"]
    if prior is not None:
        source["prior_state"] = {"values": state(*prior)}
    return source


@pytest.mark.parametrize(
    "source, expected",
    [
        (planned(), [("aws_eip.ip", Action.CREATE, None, NEW)]),
        (planned(listed=[]), [("aws_eip.ip", Action.CREATE, None, NEW)]),
        (planned(prior=[("aws_eip.ip", NEW)]), [("aws_eip.ip", Action.NO_OP, NEW, NEW)]),
        (planned(prior=[("aws_eip.ip", OLD)]), [("aws_eip.ip", Action.UPDATE, OLD, NEW)]),
        (planned(prior=[("aws_eip.ip", OLD)], resources=()), [("aws_eip.ip", Action.DELETE, OLD, None)]),
        (
            planned(listed=[change("aws_eip.a", NEW)]),
            [("aws_eip.a", Action.CREATE, None, NEW), ("aws_eip.ip", Action.NO_OP, NEW, NEW)],
        ),
        (planned(listed=[], prior=[("aws_eip.gone", OLD)], resources=()), []),
        (planned(listed=[], prior=[("aws_eip.gone", OLD)]), [("aws_eip.ip", Action.CREATE, None, NEW)]),
    ],
    ids=[
        "new",
        "nothing listed",
        "as before",
        "other than before",
        "gone",
        "beside what is listed",
        "nothing planned",
        "only what is planned",
    ],
)
def test_planned_values_tell_where_changes_do_not(source, expected):
    found = [(c.address, c.action, c.before and c.before.values, after(c)) for c in read(source).changes]
    assert found == expected


def test_planned_values_of_modules_and_without_values_are_read():
    child = {"address": "module.a", "resources": [{"address": "module.a.aws_eip.ip", "type": "aws_eip", "name": "ip"}]}
    source = planned(resources=())
    source["planned_values"] = state(modules=(child,))
    data = {"address": "data.aws_ami.x", "mode": "data", "values": {}}
    source["planned_values"]["root_module"]["resources"] = [data]
    assert [(found.address, after(found)) for found in read(source).changes] == [("module.a.aws_eip.ip", {})]


def test_what_is_set_but_not_planned_is_unknown():
    root = {"resources": [block("aws_instance.web", instance_type=["aws_ssm_parameter.size.value"], ami="ami-1")]}
    found = only(planned(resources=[("aws_instance.web", {"ami": "ami-1"})], root=root))
    assert found.after.get("instance_type") == Unknown("instance_type")
    assert found.after.get("ami") == "ami-1"


@pytest.mark.parametrize(
    "source",
    [
        {"format_version": "0.1", "planned_values": {"outputs": {}}},
        {"format_version": "1.2", "resource_changes": []},
        {"format_version": "1.2", "planned_values": {}},
        {"format_version": "1.2", "planned_values": {"root_module": {}}, "prior_state": {}, "configuration": {}},
        dict.fromkeys(["resource_changes", "prior_state", "configuration", "variables"])
        | {"format_version": "1.0", "planned_values": {}},
    ],
)
def test_a_plan_may_change_nothing(source):
    assert read(source).changes == ()


@pytest.mark.parametrize("version, expected", [("1.9.8", "1.9.8"), ("1.13.0-dev", "1.13.0-dev"), (None, "")])
def test_the_version_of_terraform(version, expected):
    assert read(document() | {"terraform_version": version}).terraform_version == expected


def test_the_edge_of_tags_and_addresses():
    tags = {"team": "payments"}
    found = by_address(
        document(
            change("aws_s3_bucket.later", {}, unknown={"tags": True, "tags_all": True}),
            change("aws_s3_bucket.value", {"tags": tags, "tags_all": tags}, unknown={"tags_all": {"env": True}}),
            change("aws_s3_bucket.none", {"tags": None, "tags_all": {}}),
            change('module.m["x"].aws_s3_bucket.this', {"tags": tags, "tags_all": tags}),
            change("aws_volume_attachment.va", {"device_name": "/dev/sdh"}, unknown={"id": True, "volume_id": True}),
        )
    )
    assert found["aws_s3_bucket.later"].tags.unknown == Unknown("tags")
    assert found["aws_s3_bucket.value"].tags.values == {"team": "payments", "env": Unknown("tags_all.env")}
    assert found["aws_s3_bucket.none"].tags.values == {}
    assert found['module.m["x"].aws_s3_bucket.this'].region == "eu-west-1"
    assert [address for address, c in found.items() if not c.taggable] == ["aws_volume_attachment.va"]


@given(st.lists(st.sampled_from(["a", "b", "c", "d[0]", 'd["x.y"]']).map("aws_eip.{}".format), max_size=8))
def test_each_address_comes_once_in_the_order_of_the_plan(addresses):
    plan = read(document(*(change(address, {}) for address in addresses)))
    assert [found.address for found in plan.changes] == list(dict.fromkeys(addresses))


def test_the_garbage_collector_is_left_as_it_was():
    data = json.dumps(document()).encode()
    for switch in (gc.disable, gc.enable):
        switch()
        before = gc.isenabled()
        read_plan(data, "plan.json")
        assert gc.isenabled() is before
