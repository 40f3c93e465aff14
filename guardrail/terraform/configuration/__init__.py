"""A folder of configuration as if it were a plan: modules, variables, instances, resources and providers, evaluated."""
