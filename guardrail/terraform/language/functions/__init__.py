"""The functions of Terraform's language."""
