# Every way of writing things that an edit has to cope with.

provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "tagged"
  region = "us-east-1"
  default_tags {
    tags = { Owner = "x", team = "shop", env = "dev" }
  }
}

locals {
  common = {
    team = "shop" # who pays
    env  = "dev"
  }
  class = "gp3"
}

variable "machine" {
  default = "m7i.large"
}

# plain, with a comment at its end
resource "aws_ebs_volume" "plain" {
  availability_zone = "us-east-1a"
  size              = 100
  type              = "gp3" # cheap once
  tags              = local.common
}

# a heredoc says the same
resource "aws_instance" "root" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  user_data     = <<-EOT
    volume_type = "gp2"
    tags = {}
  EOT
  root_block_device {
    volume_type = "gp3"
    volume_size = 20
  }
  tags = merge(local.common, { Name = "root" })
}

# shared by two, edited once
resource "aws_ebs_volume" "shared" {
  count             = 2
  availability_zone = "us-east-1a"
  size              = 10
  type              = local.class
  tags              = local.common
}

# tags of its own: missing, mis-cased, empty
resource "aws_s3_bucket" "missing" {
  bucket = "missing"
  tags = {
    team = "shop"
    env  = "dev \"1\" $${x}"
  }
}

resource "aws_s3_bucket" "cased" {
  bucket = "cased"
  tags = {
    team  = "a"
    owner = "b"
    env   = "dev \"1\" $${x}"
  }
}

resource "aws_s3_bucket" "each" {
  for_each = toset(["a", "b"])
  bucket   = each.key
  tags     = { team = "shop", env = "dev \"1\" $${x}" }
}

resource "aws_instance" "old" {
  ami           = "ami-1"
  instance_type = var.machine
  tags          = local.common
}

resource "aws_cloudwatch_log_group" "forever" {
  name = "forever"
  tags = local.common

  retention_in_days = 90
}

resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  bucket = aws_s3_bucket.missing.id
  rule {
    id     = "old"
    status = "Enabled"
    filter {}
    expiration {
      days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

module "disk" {
  source   = "./modules/disk"
  for_each = { a = "gp3", b = "gp3" }
  class    = each.value
  tags     = local.common
}

module "machine" {
  source = "./modules/disk"
  tags   = { team = "shop", env = "dev \"1\" $${x}" }
}

# the rest cannot be edited
resource "aws_ebs_volume" "condition" {
  availability_zone = "us-east-1a"
  size              = 10
  type              = var.machine == "x" ? "gp3" : "gp2"
  tags              = local.common
}

resource "aws_s3_bucket" "inherited" {
  provider = aws.tagged
  bucket   = "inherited"
}

resource "aws_instance" "disks" {
  ami           = "ami-1"
  instance_type = "i2.xlarge"
  tags          = local.common
}

resource "aws_ebs_volume" "json_says" {
  availability_zone = "us-east-1a"
  size              = 10
  type              = var.json_class
  tags              = local.common
}
