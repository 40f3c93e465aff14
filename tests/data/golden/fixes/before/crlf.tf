resource "aws_db_instance" "orders" {
  engine            = "postgres"
  instance_class    = "db.m4.large"
  storage_type      = "gp2"
  allocated_storage = 20
  multi_az          = var.standby

  tags = {
    Team = "shop"
    env  = "dev"
  }
}