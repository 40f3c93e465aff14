# A web shop: network, autoscaled web tier, database, sessions, buckets, orders by queue, thumbnails by function.
# plan.json is what `terraform show -json` says of a change to it.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.80"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = {
      team        = "shop"
      env         = var.env
      cost-center = "4711"
    }
  }
}

# The copy of the uploads in Europe. Its provider lacks the tag cost-center.
provider "aws" {
  alias  = "eu"
  region = "eu-central-1"
  default_tags {
    tags = {
      team = "shop"
      env  = var.env
    }
  }
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "env" {
  type    = string
  default = "prod"
}

variable "database_class" {
  type    = string
  default = "db.m6g.xlarge"
}

variable "session_token" {
  type      = string
  sensitive = true
}

data "aws_caller_identity" "current" {}

module "network" {
  source = "./modules/network"
  zones  = ["us-east-1a", "us-east-1b"]
}

module "web" {
  source        = "./modules/web"
  vpc_id        = module.network.vpc_id
  subnets       = module.network.public_subnets
  instance_type = "m7i.xlarge"
  servers       = 4
}

resource "aws_db_subnet_group" "orders" {
  name       = "orders"
  subnet_ids = module.network.private_subnets
}

resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  engine_version              = "16.4"
  instance_class              = var.database_class
  allocated_storage           = 200
  storage_type                = "gp3"
  username                    = "shop"
  manage_master_user_password = true
  backup_retention_period     = 7
  db_subnet_group_name        = aws_db_subnet_group.orders.name
  skip_final_snapshot         = false
  final_snapshot_identifier   = "orders-final"
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "sessions"
  description                = "Sessions and carts"
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = "cache.m6g.large"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  transit_encryption_enabled = true
  auth_token                 = var.session_token
}

resource "aws_s3_bucket" "shop" {
  for_each = toset(["assets", "uploads", "logs"])
  bucket   = "example-shop-${each.key}-${data.aws_caller_identity.current.account_id}"
}

resource "aws_s3_bucket" "uploads_copy" {
  provider = aws.eu
  bucket   = "example-shop-uploads-copy-${data.aws_caller_identity.current.account_id}"
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = 120
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.orders_failed.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "orders_failed" {
  name                      = "orders-failed"
  message_retention_seconds = 1209600
}

resource "aws_iam_role" "thumbnails" {
  name = "thumbnails"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_lambda_function" "thumbnails" {
  function_name = "thumbnails"
  role          = aws_iam_role.thumbnails.arn
  runtime       = "python3.13"
  handler       = "thumbnails.handle"
  filename      = "thumbnails.zip"
  memory_size   = 1024
  timeout       = 30
  architectures = ["arm64"]
}

resource "aws_cloudwatch_log_group" "thumbnails" {
  name              = "/aws/lambda/${aws_lambda_function.thumbnails.function_name}"
  retention_in_days = 365
}

resource "aws_kms_key" "orders" {
  description         = "Orders at rest"
  enable_key_rotation = true
}

resource "aws_instance" "bastion" {
  ami           = "ami-0a1b2c3d4e5f60001"
  instance_type = "m4.large"
  subnet_id     = module.network.public_subnets[0]
}

# A new image: Terraform replaces the machine.
resource "aws_instance" "search" {
  ami           = "ami-0a1b2c3d4e5f60003"
  instance_type = "r7i.xlarge"
  subnet_id     = module.network.private_subnets[0]
  root_block_device {
    volume_type = "gp3"
    volume_size = 100
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_ssm_parameter" "importer_type" {
  name  = "/shop/importer/instance-type"
  type  = "String"
  tier  = "Standard"
  value = "m7i.large"
}

# Which machine runs the nightly import is known only after apply.
resource "aws_instance" "importer" {
  ami           = "ami-0a1b2c3d4e5f60003"
  instance_type = aws_ssm_parameter.importer_type.insecure_value
  subnet_id     = module.network.private_subnets[1]
}
