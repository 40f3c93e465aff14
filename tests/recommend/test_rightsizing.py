"""Other machine types: what dominates in price without metrics, what metrics allow, and what is never recommended."""

import pytest

from guardrail.recommend.rightsizing.projected import projected
from tests.recommend.conftest import days_of

EAST = {"availability_zone": "us-east-1a"}


def instance(type_, **more):
    return {"id": "i-1", "instance_type": type_, **EAST, **more}


def titles(found):
    return {address: one["title"] for address, one in found["by_address"].items() if one["counted"]}


def test_without_metrics_only_what_has_no_less_of_anything_is_recommended(recommended):
    two = {"aws_instance.a": instance("m4.xlarge"), "aws_instance.b": instance("m6a.xlarge")}
    found = recommended(two, (), "--only", "rightsizing")
    assert titles(found) == {"aws_instance.a": "m4.xlarge -> m6a.xlarge"}, "the same vCPUs and memory, at a lower price"
    a = found["by_address"]["aws_instance.a"]
    assert (a["id"], a["effort"]) == ("machine-generation", "medium")
    assert any("NVMe" in note for note in a["notes"])
    assert found["reasons"] == {"has no metrics: nothing smaller was looked for"}


def test_another_processor_needs_another_image_and_is_not_in_the_sum(recommended):
    found = recommended({"aws_instance.a": instance("m6a.xlarge")})
    arm = found["by_address"]["aws_instance.a"]
    assert (arm["id"], arm["effort"], arm["confidence"]) == ("machine-processor", "high", "low")
    assert not arm["counted"]
    assert found["totals"]["saving"] == "0"


def test_of_a_database_another_processor_is_the_engines_affair(recommended):
    database = {"id": "orders", "instance_class": "db.m5.xlarge", "engine": "mysql", "allocated_storage": 20, **EAST}
    found = recommended({"aws_db_instance.a": database})["by_address"]["aws_db_instance.a"]
    assert found["title"] == "db.m5.xlarge -> db.m6g.xlarge"
    assert found["counted"]
    assert found["notes"] == ["another processor: check that the version of the engine runs on it"]


def test_a_machine_is_halved_where_its_99th_percentile_leaves_room_and_its_memory_stays(recommended):
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, list(days_of("i-1", "cpu", p99=12)))
    a = found["by_address"]["aws_instance.a"]
    assert a["title"] == "m6a.2xlarge -> r6a.xlarge", "half the vCPUs, the same 32 GiB"
    evidence = {one["name"]: one["value"] for one in a["evidence"]}
    assert evidence["cpu"] == "mean 4.0%, p99 12.0%, max 12.0%"
    assert evidence["p99 of cpu on r6a.xlarge"] == "24.0%"
    assert evidence["memory"] == "no metric: no less memory than there is"


def test_less_memory_only_with_a_metric_of_it(recommended):
    metrics = [*days_of("i-1", "cpu", p99=12), *days_of("i-1", "memory", p99=30, most=40)]
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, metrics)
    assert titles(found) == {"aws_instance.a": "m6a.2xlarge -> r6a.large"}, "40% of 32 GiB are 80% of 16"
    metrics = [*days_of("i-1", "cpu", p99=12), *days_of("i-1", "memory", p99=30, most=43)]
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, metrics)
    assert titles(found) == {"aws_instance.a": "m6a.2xlarge -> r6a.xlarge"}, "43% would be 86%, more than 85"


def test_free_memory_of_a_database_is_a_metric_of_memory(recommended):
    database = {"id": "orders", "instance_class": "db.r6g.xlarge", "engine": "mysql", "allocated_storage": 20, **EAST}
    metrics = [*days_of("orders", "cpu", p99=12), *days_of("orders", "memory_free", p99=20e9, unit="bytes")]
    found = recommended({"aws_db_instance.a": database}, metrics)
    assert "has a metric" not in str(found["reasons"])


@pytest.mark.parametrize(
    "p99, expected", [(35, "m6a.2xlarge -> r6a.xlarge"), (35.1, None)], ids=["at the limit", "above it"]
)
def test_the_smaller_machine_may_come_to_70_percent(recommended, p99, expected):
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, list(days_of("i-1", "cpu", p99=p99)))
    assert titles(found).get("aws_instance.a") == expected


def test_a_peak_of_one_day_in_14_does_not_go_unseen(recommended):
    metrics = [*days_of("i-1", "cpu", p99=10, days=13)]
    metrics += [[*row[:2], "2026-10-20", *row[3:]] for row in days_of("i-1", "cpu", p99=90, mean=50, days=1)]
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, metrics)
    assert titles(found) == {}


def test_fewer_days_than_14_say_nothing(recommended):
    metrics = list(days_of("i-1", "cpu", p99=1, days=13))
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, metrics, "--only", "rightsizing")
    assert titles(found) == {}
    assert found["reasons"] == {"has 13 days of the metric cpu, fewer than 14: nothing smaller was looked for"}
    found = recommended(
        {"aws_instance.a": instance("m6a.2xlarge")},
        list(days_of("i-1", "cpu", p99=1, days=13)),
        config="recommend: {rightsizing: {min_days: 7}}",
    )
    assert titles(found) == {"aws_instance.a": "m6a.2xlarge -> r6a.xlarge"}, "the organization says so"


def test_a_burstable_machine_keeps_the_credits_for_its_load(recommended):
    resources = {"aws_instance.a": instance("t3.large")}
    memory = list(days_of("i-1", "memory", p99=5))
    found = recommended(resources, [*days_of("i-1", "cpu", p99=20, mean=4), *memory])
    assert found["by_address"]["aws_instance.a"]["title"] == "t3.large -> t3.nano", "2 vCPUs of 5%, and 4% are needed"
    found = recommended(resources, [*days_of("i-1", "cpu", p99=20, mean=9), *memory])
    assert found["by_address"]["aws_instance.a"]["title"] == "t3.large -> t3.micro", "2 vCPUs of 10%"
    assert "m6a" not in str(recommended({"aws_instance.a": instance("t3.large")}))


@pytest.mark.parametrize(
    "type_", ["i3.xlarge", "g5.xlarge", "m5d.xlarge", "m5.metal", "p4d.24xlarge", "x1.16xlarge", "unheard.of"]
)
def test_disks_accelerators_and_bare_metal_are_left_alone(recommended, type_):
    found = recommended(
        {"aws_instance.a": instance(type_)}, list(days_of("i-1", "cpu", p99=1)), "--only", "rightsizing"
    )
    assert {one["id"] for one in found["recommendations"]} <= {"gp2-to-gp3"}


@pytest.mark.parametrize(
    "address, values, title",
    [
        (
            "azurerm_linux_virtual_machine.a",
            {"id": "/subscriptions/x/a", "size": "standard_d8s_v5", "location": "westeurope"},
            "Standard_D8s_v5 -> Standard_D8as_v5",
        ),
        (
            "azurerm_kubernetes_cluster.a",
            {"location": "eastus", "default_node_pool": [{"vm_size": "Standard_D4s_v4", "node_count": 3}]},
            "Standard_D4s_v4 -> Standard_D4as_v5",
        ),
        (
            "google_compute_instance.a",
            {"machine_type": "n2-standard-8", "zone": "us-central1-a", "boot_disk": [{}]},
            "n2-standard-8 -> n2d-standard-8",
        ),
        (
            "aws_eks_node_group.a",
            {
                "arn": "arn:aws:eks:us-east-1:1:nodegroup/c/g/1",
                "instance_types": ["m5.xlarge"],
                "scaling_config": [{"desired_size": 3}],
            },
            "m5.xlarge -> m6a.xlarge",
        ),
        (
            "aws_elasticache_cluster.a",
            {"availability_zone": "us-east-1a", "engine": "redis", "node_type": "cache.m4.large", "num_cache_nodes": 1},
            "cache.m4.large -> cache.m6g.large",
        ),
    ],
    ids=["size in small letters", "cluster", "Google Cloud", "nodes in a list", "cache"],
)
def test_other_clouds_clusters_and_caches(recommended, address, values, title):
    found = recommended({address: values}, (), "--only", "rightsizing")
    assert titles(found) == {address: title}


def test_windows_is_not_recommended_arm(recommended):
    machine = {"id": "/subscriptions/x/a", "size": "Standard_E8s_v4", "location": "eastus"}
    found = recommended({"azurerm_windows_virtual_machine.a": machine}, (), "--only", "rightsizing")
    assert found["recommendations"] == []


@pytest.mark.parametrize(
    "mean, p95, p99, smaller",
    [(8.1, 14, 16, True), (18.9, 24, 29.6, True), (5.8, 20, 64, False), (10.5, 60, 99, False), (0.1, 0.1, 0.2, True)],
    ids=["steady", "a third", "a low mean with a tail", "a mean of 10 with peaks of 99", "idle"],
)
def test_the_99th_percentile_decides_and_not_the_mean(recommended, mean, p95, p99, smaller):
    rows = [[*row[:5], mean, p95, p99, p99, "percent"] for row in days_of("i-1", "cpu", p99=p99, mean=mean)]
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, rows, "--only", "rightsizing")
    assert bool(titles(found)) == smaller


def test_projected_cpu_follows_the_vcpus():
    assert projected(17.7962963, 36, 16) == pytest.approx(40.04166667)
    assert projected(27.8, 32, 16) == pytest.approx(55.6)
    assert projected(21.6, 2, 2) == pytest.approx(21.6)


def test_a_function_with_less_memory_is_told_and_not_in_the_sum(recommended, tmp_path):
    arn = "arn:aws:lambda:us-east-1:1:function:l"
    function = {"function_name": "l", "arn": arn, "runtime": "python3.12", "memory_size": 1024}
    (tmp_path / "usage.yml").write_text(
        "version: 0.1\nresource_usage:\n  aws_lambda_function.l: {monthly_requests: 10000000, request_duration_ms: 300}\n"
    )
    metrics = list(days_of(arn, "memory", p99=20, most=40))
    found = recommended({"aws_lambda_function.l": function}, metrics, "--usage-file", "usage.yml")
    by_id = {one["id"]: one for one in found["recommendations"]}
    memory = by_id["function-memory"]
    assert memory["set"] == [{"path": "memory_size", "value": 512}], "40% of 1,024 MB are 80% of 512"
    assert (memory["monthly_before"], memory["monthly_after"]) == ("52.0001", "27.00005")
    assert by_id["function-processor"]["status"] == "alternative"
    assert found["totals"]["saving"] == "0"
    found = recommended({"aws_lambda_function.l": function}, metrics)
    assert found["recommendations"] == []
    assert found["reasons"] == {"depends on usage that is not given: what less memory saves is not known"}


def test_a_task_on_fargate_is_as_small_as_all_its_services_and_containers_allow(recommended):
    task = "arn:aws:ecs:us-east-1:1:task-definition/web:1"
    containers = '[{"name": "web", "cpu": 512, "memory": 1500}]'
    resources = {
        "aws_ecs_task_definition.web": {
            "arn": task,
            "cpu": "2048",
            "memory": "4096",
            "container_definitions": containers,
        },
        **{
            f"aws_ecs_service.{name}": {
                "id": f"arn:aws:ecs:us-east-1:1:service/c/{name}",
                "task_definition": task,
                "launch_type": "FARGATE",
                "desired_count": 2,
            }
            for name in ("a", "b")
        },
    }
    metrics = [
        row
        for name, p99 in (("a", 5), ("b", 10))
        for metric in ("cpu", "memory")
        for row in days_of(f"arn:aws:ecs:us-east-1:1:service/c/{name}", metric, p99=p99)
    ]
    found = recommended(resources, metrics, "--only", "rightsizing")
    web = found["by_address"]["aws_ecs_task_definition.web"]
    assert {one["path"]: one["value"] for one in web["set"]} == {"cpu": "512", "memory": "2048"}
    assert web["moved"][1:] == ["aws_ecs_service.a", "aws_ecs_service.b"]
    found = recommended(resources, metrics[:28], "--only", "rightsizing")
    assert found["recommendations"] == [], "of one service nothing is known"


def test_less_memory_without_a_metric_of_it_is_told_where_the_organization_wants_it_and_in_no_sum(recommended):
    metrics = list(days_of("i-1", "cpu", p99=12))
    config = "recommend: {rightsizing: {less_memory: true}}"
    found = recommended({"aws_instance.a": instance("m6a.2xlarge")}, metrics, "--only", "rightsizing", config=config)
    assert titles(found) == {"aws_instance.a": "m6a.2xlarge -> r6a.xlarge"}
    (less,) = [one for one in found["recommendations"] if one["id"] == "machine-memory"]
    assert (less["title"], less["confidence"], less["counted"]) == ("m6a.2xlarge -> r6a.large", "low", False)
