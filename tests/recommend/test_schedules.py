"""Schedules: what is not production runs in working hours, what may not be stopped is told, and the edit lowers the estimate."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guardrail.config import Settings, Source
from guardrail.config.file import WEEKDAYS, SchedulesConfig
from guardrail.costs.running_hours import Switch, hours_of, minutes_of
from guardrail.recommend.output.shape import RecommendationsDocument
from guardrail.recommend.recommend import recommend
from guardrail.recommend.scene import Facts, Hours
from guardrail.recommend.schedules.hours import working_hours

GIT = shutil.which("git") or "git"
PROVIDERS = """
provider "aws" {
  region = "us-east-1"
}

provider "google" {
  project = "p"
  region  = "us-central1"
}
"""
INSTANCE = """
resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "m5.large"
  %s
}
"""
DATABASE = """
resource "aws_db_instance" "orders" {
  engine            = "%s"
  instance_class    = "db.m5.large"
  allocated_storage = 20
  %s
}
"""
CLUSTER = """
resource "aws_rds_cluster" "c" {
  engine = "aurora-postgresql"
  %s
}

resource "aws_rds_cluster_instance" "c" {
  count              = 2
  cluster_identifier = aws_rds_cluster.c.id
  engine             = aws_rds_cluster.c.engine
  instance_class     = "%s"
}
"""
GROUP = """
resource "aws_launch_template" "w" {
  instance_type = "m5.large"
}

resource "aws_autoscaling_group" "w" {
  %s
  desired_capacity = 2
  max_size         = 4

  launch_template {
    id = aws_launch_template.w.id
  }
}
"""
MACHINE = """
resource "google_compute_instance" "m" {
  name         = "m"
  machine_type = "e2-standard-4"
  zone         = "us-central1-a"
  %s

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
      size  = 20
    }
  }
}
"""
SQL = """
resource "google_sql_database_instance" "db" {
  name             = "db"
  database_version = "POSTGRES_15"
  region           = "us-central1"
  %s

  settings {
    tier = "db-custom-2-7680"
  }
}
"""
POOL = """
resource "google_container_node_pool" "p" {
  cluster  = "c"
  location = "us-central1-a"
  %s

  node_config {
    machine_type = "n2-standard-2"
  }
}
"""
MANAGED = """
resource "google_compute_instance_template" "t" {
  machine_type = "n2-standard-2"
  disk {
    source_image = "debian-cloud/debian-12"
    disk_size_gb = 20
  }
}

resource "google_compute_instance_group_manager" "g" {
  name               = "g"
  base_instance_name = "g"
  zone               = "us-central1-a"
  %s

  version {
    instance_template = google_compute_instance_template.t.id
  }
}
"""
AZURE = """
resource "azurerm_linux_virtual_machine" "vm" {
  name                = "vm"
  location            = "westeurope"
  resource_group_name = "x"
  size                = "Standard_D4s_v5"
}

resource "azurerm_kubernetes_cluster" "k" {
  name                = "k"
  location            = "westeurope"
  resource_group_name = "x"

  default_node_pool {
    name       = "d"
    vm_size    = "Standard_D4s_v5"
    node_count = 2
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "n" {
  name                  = "n"
  kubernetes_cluster_id = azurerm_kubernetes_cluster.k.id
  vm_size               = "Standard_D4s_v5"
  node_count            = 1
}
"""


@pytest.fixture
def said(run, tmp_path):
    """Run `recommend --only schedules` over a configuration: the document, with recommendations and reasons by address."""

    def call(text, *args, env="dev", more=""):
        (tmp_path / "main.tf").write_text(PROVIDERS + text)
        project = f"{{name: shop, path: .{f', env: {env}' if env else ''}}}"
        (tmp_path / "guardrail.yaml").write_text(f"version: 1\nprojects: [{project}]\n{more}\n")
        ran = run("recommend", "--only", "schedules", "--now", "2026-11-20", "--format", "json", *args)
        assert ran.exit_code == 0, ran.stderr
        RecommendationsDocument.model_validate_json(ran.stdout)
        found = json.loads(ran.stdout)
        found["open"] = {one["address"]: one for one in found["recommendations"] if one["status"] == "open"}
        found["why"] = {address: one["reason"] for one in found["not_judged"] for address in one["addresses"]}
        return found

    return call


@given(
    st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 23), st.integers(0, 59)),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
)
def test_hours_of_the_configuration_are_those_that_an_estimate_reads_out_of_its_schedules(clock, days):
    begin, end = f"{clock[0]:02}:{clock[1]:02}", f"{clock[2]:02}:{clock[3]:02}"
    assume(begin != end)
    hours = working_hours(SchedulesConfig(hours=f"{begin}-{end}", days=tuple(days)))
    for start, stop, is_aws in ((hours.start, hours.stop, False), (hours.aws_start, hours.aws_stop, True)):
        bare = [one.removeprefix("cron(").removesuffix(")") for one in (start, stop)]
        minutes = [minutes_of(one, is_aws=is_aws) or () for one in bare]
        read = hours_of([Switch(minutes[0], True, "UTC"), Switch(minutes[1], False, "UTC")])
        assert read == float(hours.monthly)


def test_twelve_hours_on_five_days_leave_469_29_hours_off(said):
    found = said(INSTANCE % "")
    web = found["open"]["aws_instance.web"]
    # 0.096 an hour: 469.2857 hours less; the 8 GB of its volume stay
    assert (web["monthly_before"], web["saving"][:9], web["counted"], web["proved"]) == (
        "70.88",
        "45.051428",
        True,
        True,
    )
    facts = {one["name"]: one["value"] for one in web["evidence"]}
    assert facts["hours off"] == "469.29 of 730 a month"
    assert facts["environment"] == "dev"
    assert [one["type"] for one in web["add"]] == [
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_scheduler_schedule",
        "aws_scheduler_schedule",
    ]


ALL = (
    INSTANCE % 'count = 2\n  tags = { env = "dev" }',
    DATABASE % ("postgres", ""),
    CLUSTER % ("", "db.r5.large"),
    GROUP % "min_size = 1",
    MACHINE % "",
)


def test_the_edits_lower_the_estimate_by_what_they_say_and_are_recommended_no_more(run, said, tmp_path):
    found = said("".join(ALL))
    assert sorted(found["open"]) == [
        *("aws_autoscaling_group.w", "aws_db_instance.orders", "aws_instance.web[0]", "aws_instance.web[1]"),
        *("aws_rds_cluster.c", "google_compute_instance.m"),
    ]
    assert all(one["proved"] and one["counted"] for one in found["open"].values())
    cluster = found["open"]["aws_rds_cluster.c"]
    assert cluster["moved"][1:3] == ["aws_rds_cluster_instance.c[0]", "aws_rds_cluster_instance.c[1]"]

    def total():
        return Decimal(json.loads(run("estimate", ".", "--format", "json").stdout)["totals"]["monthly_cost"])

    subprocess.run([GIT, "init", "-q", tmp_path], check=True)
    before, diff = total(), run("recommend", "--only", "schedules", "--fix-diff").stdout
    subprocess.run([GIT, "apply"], input=diff.encode(), cwd=tmp_path, check=True)
    assert round(before - total(), 9) == round(Decimal(found["totals"]["saving"]), 9)
    again = run("recommend", "--only", "schedules", "--format", "json")
    document = json.loads(again.stdout)
    assert document["recommendations"] == []
    assert {one["reason"].partition(", by")[0] for one in document["not_judged"]} == {"is scheduled already"}


def test_a_module_that_is_called_twice_gets_its_schedules_once(run, said, tmp_path):
    module = tmp_path / "machine"
    module.mkdir()
    (module / "main.tf").write_text(INSTANCE % "")
    calls = "".join(f'module "{name}" {{\n  source = "./machine"\n}}\n' for name in ("a", "b"))
    found = said(calls)
    assert {one["proved"] for one in found["open"].values()} == {True}
    diff = run("recommend", "--only", "schedules", "--fix-diff").stdout
    assert diff.count('resource "aws_iam_role" "web_schedule"') == 1


def test_the_machine_refers_to_its_policy(run, said, tmp_path):
    said(MACHINE % "")
    subprocess.run([GIT, "init", "-q", tmp_path], check=True)
    diff = run("recommend", "--only", "schedules", "--fix-diff").stdout
    subprocess.run([GIT, "apply"], input=diff.encode(), cwd=tmp_path, check=True)
    text = (tmp_path / "main.tf").read_text()
    assert "resource_policies = [google_compute_resource_policy.m_hours.id]" in text
    assert text.endswith(
        """
resource "google_compute_resource_policy" "m_hours" {
  name   = "m-hours"
  region = "us-central1"

  instance_schedule_policy {
    time_zone = "Etc/UTC"

    vm_start_schedule {
      schedule = "0 7 * * 1-5"
    }

    vm_stop_schedule {
      schedule = "0 19 * * 1-5"
    }
  }
}
"""
    )


@pytest.mark.parametrize("env, tags", [("prod", ""), ("Production", ""), (None, 'tags = { Environment = "prod" }')])
def test_production_is_never_proposed(said, env, tags):
    found = said(INSTANCE % tags, env=env)
    assert found["open"] == {}
    assert found["why"]["aws_instance.web"].endswith("is not in recommend.schedules.environments")


def test_of_an_environment_that_is_not_known_nothing_is_proposed_and_it_is_said(said):
    found = said(INSTANCE % "count = 3", env=None)
    assert found["open"] == {}
    (unjudged,) = found["not_judged"]
    assert unjudged["reason"].startswith("its environment is not known")
    assert len(unjudged["addresses"]) == 3


def test_a_tag_tells_the_environment(said):
    assert list(said(INSTANCE % 'tags = { Env = "Staging" }', env=None)["open"]) == ["aws_instance.web"]


@pytest.mark.parametrize(
    "text, address, reason",
    [
        (INSTANCE % 'instance_market_options {\n market_type = "spot"\n }', "aws_instance.web", "is Spot"),
        (INSTANCE.replace("m5.large", "m5d.large") % "", "aws_instance.web", "has disks of its own"),
        (INSTANCE % 'tags = { Schedule = "office" }', "aws_instance.web", "its tag Schedule says"),
        (DATABASE % ("sqlserver-se", "multi_az = true"), "aws_db_instance.orders", "is SQL Server in several zones"),
        (
            DATABASE % ("postgres", 'identifier = "orders"')
            + 'resource "aws_db_instance" "copy" {\n  instance_class = "db.m5.large"\n'
            "  replicate_source_db = aws_db_instance.orders.identifier\n}\n",
            "aws_db_instance.orders",
            "has read replicas",
        ),
        (DATABASE % ("postgres", 'replicate_source_db = "other"'), "aws_db_instance.orders", "is a read replica"),
        (CLUSTER % ("", "db.serverless"), "aws_rds_cluster.c", "is Aurora Serverless v2"),
        (CLUSTER % ('engine_mode = "serverless"', "db.r5.large"), "aws_rds_cluster.c", "is Aurora Serverless v1"),
        (CLUSTER % ('global_cluster_identifier = "g"', "db.r5.large"), "aws_rds_cluster.c", "is part of a global"),
        (GROUP % "min_size = 1\n  protect_from_scale_in = true", "aws_autoscaling_group.w", "its machines are protected"),
        (GROUP % "min_size = var.x", "aws_autoscaling_group.w", "how many machines it has is not known"),
        (MACHINE % "scheduling {\n    preemptible = true\n  }", "google_compute_instance.m", "is Spot"),
        (MACHINE % 'scratch_disk {\n    interface = "NVME"\n  }', "google_compute_instance.m", "has disks of its own"),
        (MACHINE % 'resource_policies = ["x"]', "google_compute_instance.m", "has a resource policy already"),
        (SQL % 'master_instance_name = "x"', "google_sql_database_instance.db", "is a read replica"),
        (POOL % "autoscaling {\n    min_node_count = 1\n  }", "google_container_node_pool.p", "an autoscaler decides"),
        (POOL % "", "google_container_node_pool.p", "how many machines it has is not known"),
        (
            MANAGED % "target_size = 2"
            + 'resource "google_compute_autoscaler" "a" {\n  name = "a"\n  target = google_compute_instance_group_manager.g.id\n}\n',
            "google_compute_instance_group_manager.g",
            "an autoscaler decides",
        ),
        (MANAGED % 'stateful_disk {\n    device_name = "d"\n  }', "google_compute_instance_group_manager.g", "it keeps disks"),
    ],
)  # fmt: skip
def test_what_may_not_be_stopped_says_why(said, text, address, reason):
    found = said('variable "x" {}\n' + text)
    assert address not in found["open"]
    assert found["why"][address].startswith(reason)


def test_jobs_of_google_cloud_have_no_price_so_that_what_they_stop_is_in_no_sum(said):
    found = said(SQL % "" + POOL % "node_count = 2" + MANAGED % "target_size = 2")
    assert len(found["open"]) == 3
    assert found["totals"]["saving"] == "0"
    for one in found["open"].values():
        assert one["proved"], "the edited configuration costs what is said"
        assert Decimal(one["saving"]) > 0
        assert one["notes"][-1].startswith("not in the sum: what 2 added resources (google_cloud_scheduler_job.")
    # 2 machines at 0.097118 an hour: with sustained use they come to 113.42 a month, in 260.71 hours to 48.63
    group = found["open"]["google_compute_instance_group_manager.g"]
    assert group["monthly_before"][:6] == "115.06"
    assert group["monthly_after"][:5] == "49.20"


def test_azure_starts_nothing_again_so_that_hours_are_told_and_in_no_sum(said):
    found = said(AZURE, more="recommend: {schedules: {timezone: Europe/Berlin}}")
    machine = found["open"]["azurerm_linux_virtual_machine.vm"]
    assert (machine["counted"], machine["edit"], machine["saving"][:6]) == (False, None, "107.93")
    assert 'daily_recurrence_time = "1900"' in machine["code"]
    assert 'timezone              = "W. Europe Standard Time"' in machine["code"]
    cluster = found["open"]["azurerm_kubernetes_cluster.k"]
    assert cluster["saving"][:6] == "323.80", "three machines, two of them in the default pool"
    assert cluster["code"].splitlines()[0] == "az aks stop --name k --resource-group x"
    assert found["totals"]["saving"] == "0"


def test_hours_that_a_usage_file_or_a_bill_tells_save_nothing(said, tmp_path):
    (tmp_path / "usage.yml").write_text("version: 0.1\nresource_usage:\n  aws_instance.web: {monthly_hrs: 100}\n")
    assert said(INSTANCE % "", "--usage-file", "usage.yml")["open"] == {}


def test_hours_days_and_environments_are_the_organizations(said):
    config = "recommend: {schedules: {environments: [play], hours: '22:00-06:00', days: [sat, sun]}}"
    found = said(INSTANCE % "", env="play", more=config)
    web = found["open"]["aws_instance.web"]
    assert web["title"] == "all week -> 22:00-06:00 SAT,SUN UTC"
    crons = [one["text"] for one in web["edit"]["replacements"]]
    assert "cron(0 22 ? * SAT,SUN *)" in crons[0]
    assert "cron(0 6 ? * MON,SUN *)" in crons[0]
    assert web["saving"][:9] == "63.405714"  # 16 of 168 hours are left


@pytest.mark.parametrize(
    "config, said_of_it",
    [
        ("environments: [dev, Prod]", "'Prod' is production, which is never stopped"),
        ("hours: '7-19'", "'7-19' is no begin and end of a day, like 07:00-19:00"),
        ("hours: '25:00-26:00'", "'25:00-26:00' is no begin and end of a day"),
        ("hours: '07:00-07:00'", "begins when it ends"),
        ("days: mon", "should be a list, like [a, b], not 'mon'"),
        ("days: [montag]", "mon"),
        ("days: []", "at least 1"),
        ("timezone: Europe/Berln", "is no time zone"),
    ],
)
def test_a_wrong_configuration_is_one_line(run, tmp_path, config, said_of_it):
    (tmp_path / "main.tf").write_text(INSTANCE % "")
    (tmp_path / "guardrail.yaml").write_text(f"version: 1\nrecommend: {{schedules: {{{config}}}}}\n")
    ran = run("recommend", ".", "--only", "schedules")
    assert ran.exit_code == 2
    assert said_of_it in ran.stderr
    assert "guardrail.yaml:2" in ran.stderr


def test_it_is_dismissed_like_others_and_stands_beside_another_size(run, said, tmp_path):
    (tmp_path / "no.yaml").write_text(
        "dismissals:\n  - {kind: schedules, address: aws_instance.web, reason: tests at night, expires: 2027-01-01}\n"
    )
    found = said(INSTANCE % "", more="recommend: {dismissals: no.yaml}")
    assert found["recommendations"][0]["status"] == "dismissed"
    (tmp_path / "no.yaml").unlink()
    said(INSTANCE.replace("m5.large", "m4.xlarge") % "")
    both = json.loads(run("recommend", "--only", "schedules,rightsizing", "--format", "json").stdout)
    statuses = {one["kind"]: one["status"] for one in both["recommendations"]}
    assert statuses == {"schedules": "open", "rightsizing": "alternative"}


def test_a_schedule_of_a_cluster_and_a_smaller_instance_of_it_count_once(run, said):
    said(CLUSTER % ("", "db.r4.xlarge"))
    both = json.loads(run("recommend", "--only", "schedules,rightsizing", "--format", "json").stdout)
    kept = [one["kind"] for one in both["recommendations"] if one["status"] == "open"]
    assert kept == ["schedules"]


def test_of_a_block_that_makes_many_no_schedules_are_written_one_by_one(said):
    found = said(INSTANCE % "count = 21")
    assert len(found["open"]) == 21
    why = {one["no_edit"] for one in found["open"].values()}
    assert why == {"its block makes 21: write schedules with the same count or for_each"}


def test_of_hours_that_a_commitment_covers_a_schedule_saves_nothing_and_frees_them(tmp_path):
    """A quarter of the hours is on demand: of 45.05 a month, 11.26 are saved and 33.79 become free."""
    (tmp_path / "main.tf").write_text(PROVIDERS + INSTANCE % "")
    facts = Facts(
        hours={"i-1": Hours(Decimal("744.000"), Decimal("186.000"), "shop", "2026-10")},
        ids={("shop", "aws_instance.web"): ("i-1",)},
    )
    source = Source(str(tmp_path), "shop", ".", env="dev")
    found = recommend(Settings((source,), datetime(2026, 11, 20, tzinfo=UTC), base=tmp_path), facts, ["schedules"])
    (one,) = found.open
    assert one.saving is not None
    assert (round(one.saving, 2), round(one.frees, 2)) == (Decimal("11.26"), Decimal("33.79"))
    assert one.is_proved, "the edit is held to the whole 45.05"
    hours = next(fact for fact in one.proposal.evidence if fact.name == "hours")
    assert (hours.value, hours.as_of) == ("186 of 744 on demand", "2026-10")


@pytest.mark.parametrize("root, is_stopped", [("instance-store", False), ("ebs", True)])
def test_what_starts_from_an_instance_store_cannot_be_stopped(run, tmp_path, root, is_stopped):
    provider = "registry.terraform.io/hashicorp/aws"
    instance = {"address": "aws_instance.web", "mode": "managed", "type": "aws_instance", "name": "web"}
    values = {"ami": "ami-1", "instance_type": "m5.large", "tags": {"env": "dev"}}
    image = {"address": "data.aws_ami.old", "mode": "data", "type": "aws_ami", "name": "old", "provider_name": provider}
    written = {
        **instance,
        "provider_config_key": "aws",
        "expressions": {"ami": {"references": ["data.aws_ami.old.id", "data.aws_ami.old"]}},
    }
    plan = {
        "format_version": "1.2",
        "resource_changes": [
            {
                **instance,
                "provider_name": provider,
                "change": {"actions": ["create"], "before": None, "after": values, "after_unknown": {}},
            }
        ],
        "prior_state": {
            "format_version": "1.0",
            "values": {
                "root_module": {"resources": [{**image, "values": {"id": "ami-1", "root_device_type": root}}]},
            },
        },
        "configuration": {
            "provider_config": {
                "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}},
            },
            "root_module": {"resources": [written]},
        },
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    ran = run("recommend", "plan.json", "--only", "schedules", "--format", "json")
    found = json.loads(ran.stdout)
    assert bool(found["recommendations"]) is is_stopped
    reasons = [one["reason"] for one in found["not_judged"]]
    assert reasons == ([] if is_stopped else ["starts from an instance store, and cannot be stopped"])


@pytest.mark.parametrize("name", ["prod", "production", "prd", "live", "LIVE"])
def test_names_of_production_are_never_proposed_and_cannot_be_named(run, said, tmp_path, name):
    assert said(INSTANCE % "", env=name)["open"] == {}
    (tmp_path / "guardrail.yaml").write_text(f"version: 1\nrecommend: {{schedules: {{environments: [{name}]}}}}\n")
    ran = run("recommend", ".", "--only", "schedules")
    assert (ran.exit_code, f"'{name}' is production" in ran.stderr) == (2, True)


@pytest.mark.parametrize("name", ["stage", "staging", "Staging", "preview"])
def test_stages_before_production_are_proposed(said, name):
    assert list(said(INSTANCE % "", env=name)["open"]) == ["aws_instance.web"]
