"""Clean-up: what nothing uses is told with its whole cost, what may be used is not, and nothing is deleted."""

import json

import pytest

from guardrail.recommend.clean_up.imports import import_block
from guardrail.recommend.output.shape import RecommendationsDocument
from tests.finops.conftest import shop  # noqa: F401 - a fixture
from tests.recommend.conftest import days_of

PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n}\n'
VOLUME = """
resource "aws_ebs_volume" "{name}" {{
  availability_zone = "us-east-1a"
  size              = 100
  type              = "gp3"
}}
"""


def volume(id_, **more):
    arn = f"arn:aws:ec2:us-east-1:111111111111:volume/{id_}"
    return {"id": id_, "arn": arn, "availability_zone": "us-east-1a", "size": 100, "type": "gp3", "iops": 3000} | more


THREE = {
    "aws_ebs_volume.attached": volume("vol-1", throughput=125),
    "aws_ebs_volume.of_a_machine": volume("vol-2", throughput=125),
    "aws_ebs_volume.left": volume("vol-3", throughput=125),
    "aws_volume_attachment.a": {"volume_id": "vol-1", "instance_id": "i-1", "device_name": "/dev/sdf"},
    "aws_instance.a": {"id": "i-1", "instance_type": "m7i.large", "ebs_block_device": [{"volume_id": "vol-2"}]},
}


@pytest.fixture
def cleaned(recommended):
    """What the kind says of a state."""
    return lambda resources, metrics=(), *args, **more: recommended(
        resources, metrics, "--only", "clean-up", *args, **more
    )


@pytest.fixture
def of_folder(run, tmp_path):
    """What the kind says of a configuration."""

    def call(text):
        (tmp_path / "main.tf").write_text(PROVIDER + text)
        ran = run("recommend", ".", "--only", "clean-up", "--format", "json", "--now", "2026-11-20")
        assert ran.exit_code == 0, ran.stderr
        return json.loads(ran.stdout)

    return call


def test_of_three_volumes_in_a_state_the_unattached_one_saves_its_8_a_month(cleaned):
    found = cleaned(THREE)
    (one,) = found["recommendations"]
    assert (one["address"], one["saving"], one["monthly_after"]) == ("aws_ebs_volume.left", "8", "0")
    assert (one["kind"], one["id"], one["delete"]) == ("clean-up", "unattached-volume", True)
    assert 'filters: [{VolumeId: "vol-3"}]' in one["code"]
    assert "mark-for-op" in one["code"]


@pytest.mark.parametrize(
    "more",
    [
        {"aws_cloudwatch_metric_alarm.a": {"dimensions": {"VolumeId": "vol-3"}}},
        {"aws_ebs_snapshot.a": {"id": "snap-1", "volume_id": "vol-3"}},
    ],
)
def test_what_watches_or_copies_a_volume_does_not_use_it(cleaned, more):
    assert "aws_ebs_volume.left" in cleaned(THREE | more)["by_address"]


def test_what_has_its_id_anywhere_uses_it(cleaned):
    template = {"aws_launch_template.a": {"user_data": "", "block": [{"deep": ["vol-3"]}]}}
    assert cleaned(THREE | template)["recommendations"] == []


ARN = "arn:aws:ec2:us-east-1:111111111111:{}"
ADDRESSES = {
    "aws_eip.free": {
        "id": "eipalloc-1",
        "arn": ARN.format("elastic-ip/eipalloc-1"),
        "association_id": "",
        "instance": "",
        "network_interface": "",
    },
    "aws_eip.used": {
        "id": "eipalloc-2",
        "association_id": "eipassoc-2",
        "instance": "i-9",
        "network_interface": "eni-1",
    },
}


def test_an_address_that_says_itself_that_it_has_no_association_is_sure(cleaned):
    (one,) = cleaned(ADDRESSES)["recommendations"]
    assert (one["address"], one["saving"], one["confidence"]) == ("aws_eip.free", "3.65", "high")


def test_a_load_balancer_is_used_by_its_listeners_not_by_its_records(cleaned):
    arn = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/{}/1"
    balancers = {f"aws_lb.{name}": {"id": arn.format(name), "arn": arn.format(name)} for name in ("a", "b")}
    others = {"aws_lb_listener.b": {"load_balancer_arn": arn.format("b")}, "aws_wafv2_web_acl_association.a": {}}
    others["aws_wafv2_web_acl_association.a"] = {"resource_arn": arn.format("a")}
    found = cleaned(balancers | others)
    assert list(found["by_address"]) == ["aws_lb.a"], found
    assert found["by_address"]["aws_lb.a"]["id"] == "load-balancer-without-listener"


BALANCED = """
resource "aws_lb" "a" {
  subnets = ["subnet-1", "subnet-2"]
}
resource "aws_lb_target_group" "a" {
  port     = 80
  protocol = "HTTP"
  vpc_id   = "vpc-1"
}
resource "aws_lb_listener" "a" {
  load_balancer_arn = aws_lb.a.arn
  default_action {
    type             = "ACTION"
    target_group_arn = aws_lb_target_group.a.arn
  }
}
"""
ATTACHED = """
resource "aws_autoscaling_attachment" "a" {
  autoscaling_group_name = "g"
  lb_target_group_arn    = aws_lb_target_group.a.arn
}
"""
TOLD = """
output "group" {
  value = aws_lb_target_group.a.arn
}
"""


def test_a_load_balancer_whose_groups_have_no_target_here_is_in_no_sum(of_folder):
    forwards = BALANCED.replace("ACTION", "forward")
    (one,) = of_folder(forwards)["recommendations"]
    assert (one["id"], one["counted"], one["confidence"]) == ("load-balancer-without-target", False, "low")
    assert of_folder(forwards + ATTACHED)["recommendations"] == []
    assert of_folder(BALANCED.replace("ACTION", "redirect"))["recommendations"] == []
    elsewhere = forwards.replace("= aws_lb_target_group.a.arn", '= "arn:aws:elasticloadbalancing:x:1:targetgroup/b/1"')
    assert of_folder(elsewhere)["recommendations"] == []
    found = of_folder(forwards + TOLD)
    assert found["recommendations"] == []
    assert found["not_judged"][0]["reason"] == (
        "nothing here registers a target, and an output tells aws_lb_target_group.a to others"
    )
    name = TOLD.replace("_target_group.a.arn", ".a.dns_name")
    found = of_folder(forwards + ATTACHED + name)
    assert (found["recommendations"], found["not_judged"]) == ([], [])


def test_groups_and_targets_of_a_state_are_known_by_their_arns(cleaned):
    arn = "arn:aws:elasticloadbalancing:us-east-1:1:{}"
    state = {
        "aws_lb.a": {"id": arn.format("loadbalancer/app/a/1"), "arn": arn.format("loadbalancer/app/a/1")},
        "aws_lb_listener.a": {"id": arn.format("listener/a"), "load_balancer_arn": arn.format("loadbalancer/app/a/1")}
        | {"default_action": [{"type": "forward", "target_group_arn": arn.format("targetgroup/a/1")}]},
        "aws_lb_target_group.a": {"id": arn.format("targetgroup/a/1"), "arn": arn.format("targetgroup/a/1")},
    }
    assert [one["id"] for one in cleaned(state)["recommendations"]] == ["load-balancer-without-target"]
    state["aws_autoscaling_group.a"] = {"id": "g", "target_group_arns": [arn.format("targetgroup/a/1")]}
    assert cleaned(state)["recommendations"] == []


def test_a_gateway_without_a_route_and_a_plan_without_an_app(cleaned):
    plan = "/subscriptions/1/resourceGroups/r/providers/Microsoft.Web/serverFarms/p"
    found = cleaned(
        {
            "aws_nat_gateway.a": {"id": "nat-1", "arn": ARN.format("natgateway/nat-1")},
            "aws_nat_gateway.b": {"id": "nat-2"},
            "aws_route.b": {"nat_gateway_id": "nat-2"},
            "azurerm_service_plan.p": {"id": plan, "location": "westeurope", "sku_name": "P1v3", "os_type": "Linux"},
            "azurerm_service_plan.q": {"id": plan[:-1] + "q", "location": "westeurope", "sku_name": "P1v3"},
            "azurerm_linux_web_app.q": {"service_plan_id": plan[:-1].lower() + "q"},
        }
    )
    assert set(found["by_address"]) == {"aws_nat_gateway.a", "azurerm_service_plan.p"}
    gateway = found["by_address"]["aws_nat_gateway.a"]
    assert gateway["saving"] is None
    assert {one["value"] for one in gateway["evidence"]} >= {"$32.85 a month"}, "its traffic is not known"


def test_disks_of_azure_and_google(cleaned):
    link = "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/disks/{}"
    google = {"zone": "us-central1-a", "type": "pd-ssd", "size": 100}
    disk = "/subscriptions/1/resourceGroups/r/providers/Microsoft.Compute/disks/d"
    azure = {"location": "westeurope", "storage_account_type": "Premium_LRS", "disk_size_gb": 128}
    found = cleaned(
        {
            "google_compute_disk.free": {**google, "name": "free", "self_link": link.format("free"), "users": []},
            "google_compute_disk.used": {**google, "name": "used", "self_link": link.format("used"), "users": ["x"]},
            "azurerm_managed_disk.free": {**azure, "id": disk},
            "azurerm_managed_disk.used": {**azure, "id": disk + "2"},
            "azurerm_virtual_machine_data_disk_attachment.a": {"managed_disk_id": (disk + "2").upper()},
        }
    )
    assert set(found["by_address"]) == {"google_compute_disk.free", "azurerm_managed_disk.free"}


def test_a_snapshot_is_old_only_if_its_age_is_known(cleaned):
    snapshots = {
        f"google_compute_snapshot.{name}": {"name": name, "id": name, "creation_timestamp": made}
        for name, made in (("old", "2025-01-01T00:00:00.000-07:00"), ("new", "2026-11-01T00:00:00Z"), ("odd", None))
    }
    found = cleaned(snapshots)
    assert list(found["by_address"]) == ["google_compute_snapshot.old"]
    assert found["reasons"] == {"nothing here uses it, and when the snapshot was made is not known"}
    kept = cleaned(snapshots, config="recommend: {clean_up: {snapshot_days: 1000}}")
    assert kept["recommendations"] == []


def test_the_block_goes_with_its_comment_and_the_rest_stays(run, of_folder):
    found = of_folder(
        VOLUME.format(name="a") + "\n# left over" + VOLUME.format(name="b") + VOLUME.format(name="c") + USES_A
    )
    assert {one["address"]: one["proved"] for one in found["recommendations"]} == {
        "aws_ebs_volume.b": True,
        "aws_ebs_volume.c": True,
    }
    diff = run("recommend", ".", "--only", "clean-up", "--fix-diff")
    assert "2 of 2 recommendations edited; saves $16.00 a month" in diff.stderr
    assert "-# left over" in diff.stdout
    assert not [line for line in diff.stdout.splitlines() if line.startswith("+") and not line.startswith("+++")]
    every = run("recommend", ".", "--fix-diff")
    assert every.stdout == "", "nobody has asked for removals"
    assert "leaves aws_ebs_volume.b: remove: unattached volume: a block is removed with --only clean-up" in every.stderr


USES_A = """
resource "aws_volume_attachment" "a" {
  volume_id   = aws_ebs_volume.a.id
  instance_id = "i-1"
  device_name = "/dev/sdf"
}
"""


def test_a_block_that_something_speaks_of_or_that_makes_several_is_not_edited(of_folder):
    several = VOLUME.format(name="many").replace("{", "{\n  count = 2", 1)
    moved = "\nmoved {\n  from = aws_ebs_volume.old\n  to   = aws_ebs_volume.b\n}\n"
    found = of_folder(VOLUME.format(name="b") + several + moved)
    edits = {one["address"]: one["no_edit"] for one in found["recommendations"]}
    assert edits == {
        "aws_ebs_volume.b": "main.tf:20 speaks of it: remove both by hand",
        "aws_ebs_volume.many[0]": "its block also makes aws_ebs_volume.many[1]",
        "aws_ebs_volume.many[1]": "its block also makes aws_ebs_volume.many[0]",
    }


def test_what_a_provisioner_or_a_data_source_speaks_of_is_in_no_sum(of_folder):
    data = '\ndata "aws_ebs_volume" "b" {\n  filter {\n    values = [aws_ebs_volume.b.id]\n  }\n}\n'
    found = of_folder(VOLUME.format(name="b") + data)
    (one,) = found["recommendations"]
    assert (one["counted"], one["confidence"], one["no_edit"]) == (
        *(False, "low"),
        "main.tf:13 speaks of it: remove both by hand",
    )
    assert found["totals"]["saving"] == "0"


def test_what_an_output_tells_others_may_be_used_by_them(of_folder, tmp_path):
    inner = VOLUME.format(name="c") + 'output "id" {\n  value = aws_ebs_volume.c.id\n}\n'
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text(inner)
    module = 'module "m" {\n  source = "./m"\n}\n'
    assert len(of_folder(VOLUME.format(name="b") + module)["recommendations"]) == 2
    outputs = 'output "b" {\n  value = [aws_ebs_volume.b.id]\n}\noutput "c" {\n  value = module.m.id\n}\n'
    found = of_folder(VOLUME.format(name="b") + module + outputs)
    assert found["recommendations"] == []
    assert [one["addresses"] for one in found["not_judged"]] == [["module.m.aws_ebs_volume.c"]]


def test_what_is_not_evaluated_may_use_anything(of_folder):
    text = '\nmodule "x" {\n  source = "git::https://example.invalid/x.git"\n  volume = aws_ebs_volume.b.id\n}\n'
    found = of_folder(VOLUME.format(name="b") + text)
    assert found["recommendations"] == []
    (unknown,) = found["not_judged"]
    assert unknown["addresses"] == ["aws_ebs_volume.b"]
    assert "what uses it is not known" in unknown["reason"]


def test_a_plan_without_configuration_does_not_tell_what_will_use_a_new_volume(run, tmp_path):
    change = {
        "actions": ["create"],
        "before": None,
        "after": {"size": 100, "type": "gp3"},
        "after_unknown": {"id": True},
    }
    entry = {"address": "aws_ebs_volume.a", "mode": "managed", "type": "aws_ebs_volume", "name": "a", "change": change}
    entry["provider_name"] = "registry.terraform.io/hashicorp/aws"
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [entry]}))
    ran = run("recommend", "plan.json", "--only", "clean-up")
    assert "what uses it is not known: the plan has no configuration section" in ran.stdout


DATABASE = {
    "aws_db_instance.a": {"id": "db-1", "identifier": "db-1", "instance_class": "db.m5.large", "engine": "postgres"}
    | {"allocated_storage": 100, "storage_type": "gp3", "arn": "arn:aws:rds:us-east-1:1:db:db-1"}
}


def test_a_database_without_connections_is_idle_and_one_with_a_single_one_is_not(cleaned):
    rows = list(days_of("db-1", "connections", p99=0, unit="count"))
    (one,) = cleaned(DATABASE, rows)["recommendations"]
    assert (one["id"], one["title"]) == ("idle", "remove: idle: no connections in 14 days")
    busy = list(days_of("db-1", "connections", p99=0, most=1, unit="count"))
    assert cleaned(DATABASE, busy)["recommendations"] == []
    assert cleaned(DATABASE, rows[:13])["recommendations"] == [], "13 days say nothing"
    replica = {"aws_db_instance.a": {**DATABASE["aws_db_instance.a"], "replicate_source_db": "x"}}
    assert cleaned(replica, rows)["recommendations"] == []


def test_low_cpu_alone_is_in_no_sum(cleaned):
    machine = {"aws_instance.a": {"id": "i-1", "instance_type": "m6i.large"}}
    found = cleaned(machine, list(days_of("i-1", "cpu", p99=1)))
    (one,) = found["recommendations"]
    assert (one["counted"], one["confidence"], found["totals"]["saving"]) == (False, "low", "0")
    assert cleaned(machine, list(days_of("i-1", "cpu", p99=1, most=3)))["recommendations"] == []


def test_the_key_of_the_example_is_billed_and_in_no_state(run, shop):  # noqa: F811
    where = ["--ledger", str(shop / "ledger"), "--only", "clean-up"]
    ran = run("recommend", str(shop), *where, "--format", "json")
    (one,) = [one for one in json.loads(ran.stdout)["recommendations"] if one["id"] == "in-no-state"]
    assert one["address"] == "arn:aws:kms:us-east-1:111111111111:key/0a1b"
    assert one["evidence"][0]["value"] == "1.00 USD"
    assert one["code"] == 'import {\n  to = aws_kms_key.imported_0a1b\n  id = "0a1b"\n}\n'
    assert not one["counted"]


def test_a_ledger_is_enough_in_a_folder_without_configuration(run, shop, tmp_path):  # noqa: F811
    empty = tmp_path / "empty"
    empty.mkdir()
    where = ["--ledger", str(shop / "ledger")]
    ran = run("recommend", *where, "--only", "clean-up", cwd=empty)
    assert ran.exit_code == 0, ran.stderr
    assert "arn:aws:kms:us-east-1:111111111111:key/0a1b: billed and in no state" in ran.stdout
    assert "no INPUT, and no configuration here" in ran.stdout
    ran = run("recommend", *where, "--format", "json", cwd=empty)
    RecommendationsDocument.model_validate_json(ran.stdout)
    for args in ([*where, "--only", "spot"], ["--only", "clean-up"], ["nothere", *where]):
        assert run("recommend", *args, cwd=empty).exit_code == 2


def test_a_ledger_that_is_not_there_is_one_line(run):
    ran = run("recommend", "--only", "clean-up", "--ledger", "nothere")
    assert ran.exit_code == 2
    assert ran.stderr == (
        "guardrail: nothere: there is no ledger, or it is empty (`guardrail ledger add` and `import` fill it)\n"
    )


@pytest.mark.parametrize(
    "id_, type_, own",
    [
        ("vol-0a1b", "aws_ebs_volume", "vol-0a1b"),
        ("arn:aws:ec2:eu-west-1:1:natgateway/nat-0a", "aws_nat_gateway", "nat-0a"),
        ("arn:aws:rds:eu-west-1:1:db:orders", "aws_db_instance", "orders"),
        ("arn:aws:logs:eu-west-1:1:log-group:/a/b:*", "aws_cloudwatch_log_group", "/a/b"),
        ("//compute.googleapis.com/projects/p/zones/z/disks/d", "google_compute_disk", "projects/p/zones/z/disks/d"),
    ],
)
def test_an_import_block_has_the_id_by_which_terraform_imports(id_, type_, own):
    block = import_block(id_)
    assert f"to = {type_}.imported_" in block
    assert f'id = "{own}"' in block


def test_there_is_no_import_block_for_what_an_id_does_not_tell():
    assert import_block("arn:aws:sqs:eu-west-1:1:queue") == ""
