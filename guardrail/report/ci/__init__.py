"""Formats that CI systems show beside the files of a change."""
