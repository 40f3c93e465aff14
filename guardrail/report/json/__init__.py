"""JSON: `guardrail.report/v1`, written and read back, its schema, and Infracost's shape."""
