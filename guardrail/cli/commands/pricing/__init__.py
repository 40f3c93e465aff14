"""`guardrail pricing`: the command and what it prints."""
