"""A run task for HCP Terraform and Terraform Enterprise: judges the plan of each run, and reports the result."""
