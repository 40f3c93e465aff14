# The infrastructure that bill.csv is for, but for one key of KMS: that was made by hand, and is in no state.
# Beside it, the bill is simpler than AWS's: it knows no volumes that machines boot from, so the template maps none.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 6.0" }
  }
}

provider "aws" {
  region = "us-east-1"
  default_tags {
    tags = { env = "prod" }
  }
}

variable "search" {
  description = "Whether search has a machine of its own: since 11 October 2026"
  type        = bool
  default     = true
}

resource "aws_launch_template" "machine" {
  name     = "machine"
  image_id = "ami-0a1b2c3d4e5f60031"

  block_device_mappings {
    device_name = "/dev/xvda"
    no_device   = "true"
  }
}

resource "aws_instance" "shop" {
  instance_type = "m5.large"
  tags          = { team = "shop" }

  launch_template {
    id = aws_launch_template.machine.id
  }
}

# A savings plan covers this one.
resource "aws_instance" "worker" {
  instance_type = "m5.large"
  tags          = { team = "shop" }

  launch_template {
    id = aws_launch_template.machine.id
  }
}

resource "aws_instance" "search" {
  count         = var.search ? 1 : 0
  instance_type = "m5.xlarge"
  tags          = { team = "search" }

  launch_template {
    id = aws_launch_template.machine.id
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = "us-east-1a"
  type              = "gp3"
  size              = 100
  tags              = { team = "shop" }
}

resource "aws_nat_gateway" "main" {
  allocation_id = "eipalloc-0a1b2c3d4e5f60041"
  subnet_id     = "subnet-0a1b2c3d4e5f60051"
  tags          = { team = "platform" }
}

resource "aws_s3_bucket" "uploads" {
  bucket = "shop-uploads"
  tags   = { team = "shop" }
}
