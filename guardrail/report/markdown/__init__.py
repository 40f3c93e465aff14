"""Markdown: comments on pull requests and job summaries."""
