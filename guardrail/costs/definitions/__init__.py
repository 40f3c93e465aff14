"""Cost definitions: TOML files, checked, compiled and found by resource type."""
