"""Where resources name what they run on: the attributes of machine types, and of GPUs that are attached to them.

`*` stands for every block of that name, or every element of a list.
"""

from __future__ import annotations

from collections.abc import Mapping

_OVERRIDES = "mixed_instances_policy.*.launch_template.*.override.*.instance_type"
_SEARCH = (
    "cluster_config.*.instance_type",
    "cluster_config.*.dedicated_master_type",
    "cluster_config.*.warm_type",
)
_SPACE = tuple(
    f"{app}_app_settings.*.default_resource_spec.*.instance_type"
    for app in ("code_editor", "jupyter_lab", "jupyter_server", "kernel_gateway")
)
_USER = (
    *_SPACE,
    *(f"{app}_app_settings.*.default_resource_spec.*.instance_type" for app in ("r_session", "tensor_board")),
)
_HDINSIGHT = tuple(f"roles.*.{node}_node.*.vm_size" for node in ("head", "worker", "zookeeper"))
_MONITORING_JOB = ("job_resources.*.cluster_config.*.instance_type",)

MACHINE_TYPES: Mapping[str, tuple[str, ...]] = {
    # machines of AWS
    "aws_instance": ("instance_type",),
    "aws_spot_instance_request": ("instance_type",),
    "aws_launch_template": ("instance_type",),
    "aws_launch_configuration": ("instance_type",),
    "aws_autoscaling_group": (_OVERRIDES,),
    "aws_ec2_capacity_reservation": ("instance_type",),
    "aws_ec2_fleet": ("launch_template_config.*.override.*.instance_type",),
    "aws_ec2_host": ("instance_type", "instance_family"),
    "aws_spot_fleet_request": (
        "launch_specification.*.instance_type",
        "launch_template_config.*.overrides.*.instance_type",
    ),
    "aws_batch_compute_environment": ("compute_resources.*.instance_type.*",),
    "aws_cloud9_environment_ec2": ("instance_type",),
    "aws_eks_node_group": ("instance_types.*",),
    "aws_emr_cluster": (
        "master_instance_group.*.instance_type",
        "core_instance_group.*.instance_type",
        "master_instance_fleet.*.instance_type_configs.*.instance_type",
        "core_instance_fleet.*.instance_type_configs.*.instance_type",
    ),
    "aws_emr_instance_fleet": ("instance_type_configs.*.instance_type",),
    "aws_emr_instance_group": ("instance_type",),
    "aws_gamelift_fleet": ("ec2_instance_type",),
    "aws_imagebuilder_infrastructure_configuration": ("instance_types.*",),
    "aws_sagemaker_app": ("resource_spec.*.instance_type",),
    "aws_sagemaker_data_quality_job_definition": _MONITORING_JOB,
    "aws_sagemaker_domain": (
        *(f"default_user_settings.*.{path}" for path in _USER),
        *(f"default_space_settings.*.{path}" for path in _SPACE if not path.startswith("code_editor")),
    ),
    "aws_sagemaker_endpoint_configuration": (
        "production_variants.*.instance_type",
        "shadow_production_variants.*.instance_type",
    ),
    "aws_sagemaker_notebook_instance": ("instance_type",),
    "aws_sagemaker_space": tuple(f"space_settings.*.{path}" for path in _SPACE),
    "aws_sagemaker_user_profile": tuple(f"user_settings.*.{path}" for path in _USER),
    # databases, caches, brokers and search of AWS
    "aws_db_instance": ("instance_class",),
    "aws_dax_cluster": ("node_type",),
    "aws_dms_replication_instance": ("replication_instance_class",),
    "aws_docdb_cluster_instance": ("instance_class",),
    "aws_elasticache_cluster": ("node_type",),
    "aws_elasticache_global_replication_group": ("cache_node_type",),
    "aws_elasticache_replication_group": ("node_type",),
    "aws_elasticsearch_domain": _SEARCH,
    "aws_memorydb_cluster": ("node_type",),
    "aws_memorydb_multi_region_cluster": ("node_type",),
    "aws_mq_broker": ("host_instance_type",),
    "aws_msk_cluster": ("broker_node_group_info.*.instance_type",),
    "aws_neptune_cluster_instance": ("instance_class",),
    "aws_opensearch_domain": (*_SEARCH, "cluster_config.*.node_options.*.node_config.*.type"),
    "aws_rds_cluster": ("db_cluster_instance_class",),
    "aws_rds_cluster_instance": ("instance_class",),
    "aws_redshift_cluster": ("node_type",),
    # Azure
    "azurerm_batch_pool": ("vm_size",),
    "azurerm_hdinsight_hadoop_cluster": (*_HDINSIGHT, "roles.*.edge_node.*.vm_size"),
    "azurerm_hdinsight_hbase_cluster": _HDINSIGHT,
    "azurerm_hdinsight_interactive_query_cluster": _HDINSIGHT,
    "azurerm_hdinsight_kafka_cluster": (*_HDINSIGHT, "roles.*.kafka_management_node.*.vm_size"),
    "azurerm_hdinsight_spark_cluster": _HDINSIGHT,
    "azurerm_kubernetes_cluster": ("default_node_pool.*.vm_size",),
    "azurerm_kubernetes_cluster_node_pool": ("vm_size",),
    "azurerm_linux_virtual_machine": ("size",),
    "azurerm_linux_virtual_machine_scale_set": ("sku",),
    "azurerm_machine_learning_compute_cluster": ("vm_size",),
    "azurerm_machine_learning_compute_instance": ("virtual_machine_size",),
    "azurerm_mysql_flexible_server": ("sku_name",),
    "azurerm_orchestrated_virtual_machine_scale_set": ("sku_name",),
    "azurerm_postgresql_flexible_server": ("sku_name",),
    "azurerm_redhat_openshift_cluster": ("main_profile.*.vm_size", "worker_profile.*.vm_size"),
    "azurerm_service_fabric_managed_cluster": ("node_type.*.vm_size",),
    "azurerm_virtual_machine": ("vm_size",),
    "azurerm_virtual_machine_scale_set": ("sku.*.name",),
    "azurerm_windows_virtual_machine": ("size",),
    "azurerm_windows_virtual_machine_scale_set": ("sku",),
    # Google Cloud
    "google_alloydb_instance": ("machine_config.*.machine_type",),
    "google_cloudbuild_worker_pool": ("worker_config.*.machine_type",),
    "google_colab_runtime_template": ("machine_spec.*.machine_type",),
    "google_composer_environment": ("config.*.node_config.*.machine_type",),
    "google_compute_instance": ("machine_type",),
    "google_compute_instance_from_template": ("machine_type",),
    "google_compute_instance_template": ("machine_type",),
    "google_compute_region_instance_template": ("machine_type",),
    "google_compute_reservation": ("specific_reservation.*.instance_properties.*.machine_type",),
    "google_container_cluster": ("node_config.*.machine_type", "node_pool.*.node_config.*.machine_type"),
    "google_container_node_pool": ("node_config.*.machine_type",),
    "google_dataflow_job": ("machine_type",),
    "google_dataproc_cluster": (
        "cluster_config.*.master_config.*.machine_type",
        "cluster_config.*.worker_config.*.machine_type",
        "cluster_config.*.auxiliary_node_groups.*.node_group.*.node_group_config.*.machine_type",
    ),
    "google_dataproc_workflow_template": tuple(
        f"placement.*.managed_cluster.*.config.*.{role}_config.*.machine_type"
        for role in ("master", "worker", "secondary_worker")
    ),
    "google_notebooks_instance": ("machine_type",),
    "google_notebooks_runtime": ("virtual_machine.*.virtual_machine_config.*.machine_type",),
    "google_sql_database_instance": ("settings.*.tier",),
    "google_vertex_ai_deployment_resource_pool": ("dedicated_resources.*.machine_spec.*.machine_type",),
    "google_vpc_access_connector": ("machine_type",),
    "google_workbench_instance": ("gce_setup.*.machine_type",),
}

WITHOUT_MACHINES: Mapping[str, tuple[str, ...]] = {
    "google_container_cluster": ("remove_default_node_pool", "enable_autopilot"),
}
"""Attributes that, where they are true, leave a resource no machines but those that its configuration names."""

GPUS: Mapping[str, tuple[str, ...]] = {
    "google_colab_runtime_template": ("machine_spec.*.accelerator_count",),
    "google_compute_instance": ("guest_accelerator.*.count",),
    "google_compute_instance_from_template": ("guest_accelerator.*.count",),
    "google_compute_instance_template": ("guest_accelerator.*.count",),
    "google_compute_region_instance_template": ("guest_accelerator.*.count",),
    "google_compute_reservation": (
        "specific_reservation.*.instance_properties.*.guest_accelerators.*.accelerator_count",
    ),
    "google_container_cluster": (
        "node_config.*.guest_accelerator.*.count",
        "node_pool.*.node_config.*.guest_accelerator.*.count",
    ),
    "google_container_node_pool": ("node_config.*.guest_accelerator.*.count",),
    "google_dataproc_cluster": (
        "cluster_config.*.master_config.*.accelerators.*.accelerator_count",
        "cluster_config.*.worker_config.*.accelerators.*.accelerator_count",
    ),
    "google_notebooks_instance": ("accelerator_config.*.core_count",),
    "google_notebooks_runtime": ("virtual_machine.*.virtual_machine_config.*.accelerator_config.*.core_count",),
    "google_workbench_instance": ("gce_setup.*.accelerator_configs.*.core_count",),
}
"""Counts of GPUs that are attached to machines: one after another, as there may be several kinds."""
