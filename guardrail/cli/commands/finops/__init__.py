"""The commands about what was billed, and what could cost less."""
