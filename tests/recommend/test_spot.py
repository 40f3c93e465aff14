"""Spot: which groups of machines are offered it, at which price, and which never are."""

import json

import pytest

from guardrail.recommend.spot.advisor import advice, as_of

NODES = """
resource "aws_eks_node_group" "{name}" {{
  cluster_name    = "shop"
  node_group_name = "{name}"
  node_role_arn   = "arn:aws:iam::111111111111:role/x"
  subnet_ids      = ["subnet-1", "subnet-2"]
  instance_types  = [{types}]
  {more}

  scaling_config {{
    desired_size = {size}
    max_size     = 6
    min_size     = 1
  }}
}}
"""
SCALE_SET = """
resource "azurerm_linux_virtual_machine_scale_set" "s" {{
  name                = "s"
  location            = "westeurope"
  resource_group_name = "x"
  sku                 = "Standard_D4s_v5"
  instances           = {instances}
  admin_username      = "x"
  {more}
  os_disk {{
    caching              = "None"
    storage_account_type = "Standard_LRS"
  }}
}}
"""
POOL = """
resource "google_container_node_pool" "p" {
  cluster    = "c"
  location   = "us-central1"
  node_count = 2
  node_config {
    machine_type = "n2-standard-2"
  }
}
"""
ALONE = """
resource "aws_db_instance" "orders" {
  instance_class    = "db.m5.large"
  engine            = "postgres"
  allocated_storage = 20
}
resource "aws_instance" "one" {
  ami           = "ami-1"
  instance_type = "c5.xlarge"
}
"""


def nodes(name="web", types='"c5.xlarge"', size=3, more=""):
    return NODES.format(name=name, types=types, size=size, more=more)


@pytest.fixture
def offered(run, tmp_path):
    """Return what `recommend --only spot` says of a configuration: recommendations, and reasons, by address."""

    def call(text, spot="{environments: [dev]}", env="dev"):
        provider = 'provider "aws" {\n  region = "us-east-1"\n}\n'
        (tmp_path / "main.tf").write_text(provider + text)
        config = f"version: 1\nprojects: [{{name: shop, path: ., env: {env}}}]\nrecommend: {{spot: {spot}}}\n"
        (tmp_path / "guardrail.yaml").write_text(config)
        ran = run("recommend", "--only", "spot", "--now", "2026-11-20", "--format", "json")
        assert ran.exit_code == 0, ran.stderr
        document = json.loads(ran.stdout)
        reasons = {address: one["reason"] for one in document["not_judged"] for address in one["addresses"]}
        return {one["address"]: one for one in document["recommendations"]}, reasons

    return call


def test_the_advisor_tells_us_east_1(offered):
    told = advice("us-east-1")
    assert (told["m5.large"].saving, told["m5.large"].band) == (66, 3)
    assert (told["c5.xlarge"].saving, told["c5.xlarge"].band) == (56, 0)
    assert as_of() == "2025-06-28"
    assert advice("nowhere-1") == {}
    assert offered


def test_m5_large_is_refused_c5_xlarge_is_offered_and_a_database_never_is(offered):
    found, reasons = offered(nodes() + nodes("often", '"m5.large"') + ALONE)
    assert list(found) == ["aws_eks_node_group.web"]
    one = found["aws_eks_node_group.web"]
    assert one["status"] == "open"
    assert one["saving"] is None
    assert one["unknown"]
    (told,) = [fact for fact in one["evidence"] if fact["name"] == "Spot of c5.xlarge"]
    assert told["value"] == "56% below on demand (indicative: no price), < 5% interrupted in a month"
    assert told["as_of"] == "2025-06-28"
    assert any(note.startswith("spread it over several types of the same size: ") for note in one["notes"])
    assert list(reasons) == ["aws_eks_node_group.often"]
    assert reasons["aws_eks_node_group.often"].startswith(
        "15-20% of m5.large are interrupted in a month (2025-06-28), more than recommend.spot.max_band 1"
    )


def test_more_interruptions_may_be_allowed(offered):
    found, _ = offered(nodes("often", '"m5.large"'), spot="{environments: [dev], max_band: 3}")
    assert found["aws_eks_node_group.often"]["status"] == "open"


def test_where_the_catalog_has_spot_prices_the_saving_is_priced(offered):
    found, _ = offered(SCALE_SET.format(instances=3, more="") + POOL)
    scale_set = found["azurerm_linux_virtual_machine_scale_set.s"]
    assert scale_set["counted"]
    assert float(scale_set["saving"]) > 0
    assert {one["path"]: one["value"] for one in scale_set["set"]} == {
        "priority": "Spot",
        "eviction_policy": "Deallocate",
    }
    assert float(found["google_container_node_pool.p"]["saving"]) > 0


def test_nothing_is_summed_where_nobody_says_that_interruptions_may_be(offered):
    found, _ = offered(POOL, spot="{}")
    one = found["google_container_node_pool.p"]
    assert not one["counted"]
    assert "recommend.spot.environments does not say where" in one["notes"][-1]


def test_another_environment_is_left_alone(offered):
    found, reasons = offered(POOL, env="prod")
    assert not found
    assert reasons["google_container_node_pool.p"] == "its environment, prod, is not in recommend.spot.environments"


@pytest.mark.parametrize(
    "text, reason",
    [
        (nodes(size=1), "fewer than 2 machines: an interruption stops it"),
        (SCALE_SET.format(instances=1, more=""), "fewer than 2 machines"),
        (
            SCALE_SET.format(
                instances=3,
                more='data_disk {\n    lun = 1\n    caching = "None"\n    disk_size_gb = 10\n    storage_account_type = "Standard_LRS"\n  }',
            ),
            "its machines have data disks",
        ),
    ],
)
def test_what_an_interruption_would_harm_is_refused(offered, text, reason):
    found, reasons = offered(text)
    assert not found
    ((_, said),) = reasons.items()
    assert said.startswith(reason)


def test_what_is_spot_already_is_left_alone(offered):
    text = nodes(more='capacity_type = "SPOT"') + SCALE_SET.format(instances=3, more='priority = "Spot"')
    assert offered(text) == ({}, {})


def test_a_scaling_group_is_read_with_its_template(offered):
    found, _ = offered(
        """
        resource "aws_launch_template" "w" {
          instance_type = "c5.xlarge"
        }
        resource "aws_autoscaling_group" "w" {
          min_size            = 2
          max_size            = 4
          vpc_zone_identifier = ["subnet-1"]
          launch_template {
            id = aws_launch_template.w.id
          }
        }
        """
    )
    one = found["aws_autoscaling_group.w"]
    assert one["title"] == "on demand -> Spot, c5.xlarge"
    assert one["unknown"].startswith("no single attribute makes it Spot")
    assert "it has one subnet or zone alone: add others, so that one that runs short does not stop it" in one["notes"]


BATCH = """
resource "aws_batch_compute_environment" "jobs" {
  type = "MANAGED"
  compute_resources {
    type          = "%s"
    max_vcpus     = 16
    instance_type = ["c5.xlarge"]
    subnets       = ["subnet-1", "subnet-2"]
  }
}
"""
SERVICE = """
resource "aws_ecs_service" "web" {
  name          = "web"
  launch_type   = "FARGATE"
  desired_count = 3
  %s
}
"""
AKS = """
resource "azurerm_kubernetes_cluster_node_pool" "p" {
  name                  = "p"
  kubernetes_cluster_id = "/subscriptions/x/resourceGroups/x/providers/Microsoft.ContainerService/managedClusters/x"
  vm_size               = "Standard_D4s_v5"
  node_count            = 3
  mode                  = "%s"
}
"""
MIG = """
resource "google_compute_instance_template" "t" {
  machine_type = "n2-standard-2"
  disk {
    source_image = "debian-cloud/debian-12"
  }
}
resource "google_compute_instance_group_manager" "g" {
  base_instance_name = "g"
  zone               = "us-central1-a"
  target_size        = 3
  version {
    instance_template = google_compute_instance_template.t.id
  }
  %s
}
"""


def test_batch_repeats_jobs_itself_so_that_one_machine_is_enough(offered):
    found, _ = offered(BATCH % "EC2")
    one = found["aws_batch_compute_environment.jobs"]
    assert "by hand: compute_resources.0.type = SPOT" in one["notes"]
    assert offered(BATCH % "SPOT") == ({}, {})


def test_services_on_fargate_are_offered_fargate_spot_unless_they_keep_volumes(offered):
    found, _ = offered(SERVICE % "")
    assert (
        "use a capacity_provider_strategy of FARGATE_SPOT beside a base of FARGATE"
        in found["aws_ecs_service.web"]["notes"]
    )
    volumes = 'volume_configuration {\n    name = "data"\n    managed_ebs_volume {\n      role_arn = "x"\n    }\n  }'
    found, reasons = offered(SERVICE % volumes)
    assert (found, reasons) == ({}, {"aws_ecs_service.web": "it keeps volumes of its own"})


def test_a_system_pool_of_aks_cannot_be_spot(offered):
    found, reasons = offered(AKS % "System")
    assert not found
    assert reasons == {"azurerm_kubernetes_cluster_node_pool.p": "it is a system pool, which cannot be Spot"}
    found, _ = offered(AKS % "User")
    one = found["azurerm_kubernetes_cluster_node_pool.p"]
    assert (one["status"], one["saving"]) == ("open", None)  # nothing tells the region, so there is no price
    assert one["unknown"]


def test_a_group_that_keeps_disks_of_its_machines_is_refused(offered):
    found, _ = offered(MIG % "")
    one = found["google_compute_instance_group_manager.g"]
    assert one["title"] == "on demand -> Spot, n2-standard-2"
    assert "set scheduling { provisioning_model = SPOT } in its instance template" in one["notes"]
    found, reasons = offered(MIG % 'stateful_disk {\n    device_name = "data"\n  }')
    assert reasons == {"google_compute_instance_group_manager.g": "it keeps disks or addresses of its machines"}
