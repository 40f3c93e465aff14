"""KPIs: SQL of people over views of the facts, run in a process of its own that can reach nothing else."""
