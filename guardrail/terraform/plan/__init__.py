"""The plan that Terraform writes as JSON: reading it, and what it says of each resource."""
