"""Types that carry tags or labels, for configurations: without a provider's schema, what is not set is not there.

From the documentation of the providers (their argument `tags`, or Google's `labels`): the types with a price, and what
usually stands beside them.
"""

from __future__ import annotations

_AWS = frozenset({
    "acm_certificate", "acmpca_certificate_authority", "alb", "ami", "api_gateway_rest_api", "api_gateway_stage",
    "apigatewayv2_api", "apprunner_service", "athena_workgroup", "autoscaling_group", "backup_plan", "backup_vault",
    "batch_compute_environment", "cloudformation_stack", "cloudformation_stack_set", "cloudfront_distribution",
    "cloudtrail", "cloudtrail_event_data_store", "cloudwatch_composite_alarm", "cloudwatch_event_bus",
    "cloudwatch_event_rule", "cloudwatch_log_group", "cloudwatch_metric_alarm", "cloudwatch_metric_stream",
    "codeartifact_repository", "codebuild_project", "codepipeline", "cognito_user_pool", "config_config_rule",
    "customer_gateway", "db_instance", "db_parameter_group", "db_snapshot", "db_subnet_group",
    "directory_service_directory", "dms_replication_instance", "docdb_cluster", "docdb_cluster_instance",
    "dx_connection", "dynamodb_table", "ebs_snapshot", "ebs_snapshot_copy", "ebs_volume", "ec2_client_vpn_endpoint",
    "ec2_fleet", "ec2_host", "ec2_traffic_mirror_session", "ec2_transit_gateway",
    "ec2_transit_gateway_peering_attachment", "ec2_transit_gateway_vpc_attachment", "ecr_repository", "ecs_cluster",
    "ecs_service", "ecs_task_definition", "efs_file_system", "egress_only_internet_gateway", "eip", "eks_addon",
    "eks_cluster", "eks_fargate_profile", "eks_node_group", "elasticache_cluster", "elasticache_replication_group",
    "elasticache_subnet_group", "elasticsearch_domain", "elb", "emr_cluster", "flow_log", "fsx_lustre_file_system",
    "fsx_windows_file_system", "glacier_vault", "globalaccelerator_accelerator", "glue_catalog_database",
    "glue_crawler", "glue_job", "grafana_workspace", "iam_policy", "iam_role", "iam_user", "instance",
    "internet_gateway", "key_pair", "kinesis_analytics_application", "kinesis_firehose_delivery_stream",
    "kinesis_stream", "kinesisanalyticsv2_application", "kms_external_key", "kms_key", "kms_replica_key",
    "lambda_function", "launch_template", "lb", "lb_listener", "lb_target_group", "lightsail_instance",
    "memorydb_cluster", "mq_broker", "mq_configuration", "msk_cluster", "msk_serverless_cluster", "mwaa_environment",
    "nat_gateway", "neptune_cluster", "neptune_cluster_instance", "network_acl", "network_interface",
    "networkfirewall_firewall", "opensearch_domain", "rds_cluster", "rds_cluster_instance", "redshift_cluster",
    "redshift_subnet_group", "route53_health_check", "route53_resolver_endpoint", "route53_zone", "route_table",
    "s3_bucket", "s3_directory_bucket", "sagemaker_endpoint", "sagemaker_notebook_instance", "secretsmanager_secret",
    "security_group", "sfn_state_machine", "sns_topic", "spot_instance_request", "sqs_queue", "ssm_activation",
    "ssm_parameter", "subnet", "synthetics_canary", "transfer_server", "vpc", "vpc_dhcp_options", "vpc_endpoint",
    "vpc_endpoint_service", "vpc_peering_connection", "vpn_connection", "vpn_gateway", "waf_web_acl",
    "wafregional_web_acl", "wafv2_ip_set", "wafv2_rule_group", "wafv2_web_acl", "workspaces_workspace",
})  # fmt: skip
_AZURE = frozenset({
    "api_management", "app_service_environment", "app_service_plan", "application_gateway", "application_insights",
    "application_insights_web_test", "automation_account", "availability_set", "bastion_host", "cdn_endpoint",
    "cdn_profile", "cognitive_account", "container_group", "container_registry", "cosmosdb_account", "data_factory",
    "databricks_workspace", "dedicated_host", "dns_zone", "eventgrid_system_topic", "eventgrid_topic",
    "eventhub_namespace", "firewall", "function_app", "image", "iothub", "key_vault", "kubernetes_cluster",
    "kubernetes_cluster_node_pool", "lb", "linux_function_app", "linux_virtual_machine",
    "linux_virtual_machine_scale_set", "linux_web_app", "log_analytics_workspace", "logic_app_standard",
    "logic_app_workflow", "managed_disk", "mariadb_server", "mssql_database", "mssql_elasticpool",
    "mssql_managed_instance", "mssql_server", "mysql_flexible_server", "mysql_server", "nat_gateway",
    "network_interface", "network_security_group", "network_watcher", "postgresql_flexible_server",
    "postgresql_server", "powerbi_embedded", "private_dns_zone", "private_endpoint", "public_ip", "public_ip_prefix",
    "recovery_services_vault", "redis_cache", "resource_group", "route_table", "search_service", "service_plan",
    "servicebus_namespace", "signalr_service", "snapshot", "static_web_app", "storage_account", "synapse_sql_pool",
    "synapse_workspace", "traffic_manager_profile", "user_assigned_identity", "virtual_hub", "virtual_machine",
    "virtual_machine_scale_set", "virtual_network", "virtual_network_gateway", "virtual_wan", "vpn_gateway",
    "windows_function_app", "windows_virtual_machine", "windows_virtual_machine_scale_set", "windows_web_app",
})  # fmt: skip
_GOOGLE = frozenset({
    "artifact_registry_repository", "bigquery_dataset", "bigquery_table", "bigtable_instance", "cloud_run_v2_job",
    "cloud_run_v2_service", "cloudfunctions_function", "cloudfunctions2_function", "compute_address", "compute_disk",
    "compute_forwarding_rule", "compute_global_address", "compute_global_forwarding_rule", "compute_image",
    "compute_instance", "compute_instance_template", "compute_region_disk", "compute_snapshot", "compute_vpn_tunnel",
    "dataproc_cluster", "dns_managed_zone", "filestore_instance", "kms_crypto_key", "project", "pubsub_subscription",
    "pubsub_topic", "redis_instance", "secret_manager_secret", "storage_bucket",
})  # fmt: skip


def tag_attribute(type_name: str) -> str | None:
    """Return the attribute in which resources of a type carry tags; None for a type not known to carry any."""
    vendor, _, name = type_name.partition("_")
    if (vendor == "aws" and name in _AWS) or (vendor == "azurerm" and name in _AZURE):
        return "tags"
    if vendor == "google":
        return "resource_labels" if name == "container_cluster" else "labels" if name in _GOOGLE else None
    return None
