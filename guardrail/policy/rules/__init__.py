"""Rules: files, packs, compiled expressions, remedies and tests."""
