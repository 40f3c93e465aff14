variable "class" {
  type    = string
  default = "gp2" # for those who do not say
}

variable "tags" {}

resource "aws_ebs_volume" "this" {
  availability_zone = "us-east-1a"
  size              = 10
  type              = var.class
  tags              = var.tags
}
