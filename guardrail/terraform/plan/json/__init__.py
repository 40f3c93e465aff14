"""Terraform's JSON of plans and states as it is: its shape, what surrounds it, and what its sections say of resources."""
