"""Recommendations of schedules: what is not production is stopped while nobody works."""
