"""What `guardrail check` may do beside one evaluation: edits, hooks, replay, watch, rules of another commit."""
