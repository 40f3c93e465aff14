"""Terragrunt's units: configuration that says which module is planned, and with which inputs."""
