resource "aws_db_instance" "orders" {
  engine            = "postgres"
  instance_class    = "db.m5.large"
  storage_type      = "gp3"
  allocated_storage = 20
  multi_az          = var.standby

  tags = {
    team = "shop"
    env  = "dev"
  }
}