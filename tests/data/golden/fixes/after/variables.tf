variable "json_class" {}
variable "standby" {}
