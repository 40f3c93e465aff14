"""Who pays for what: allocation.yaml, and whose each charge is."""
