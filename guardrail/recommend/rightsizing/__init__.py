"""Rightsizing: machines, databases, caches, volumes and functions that fit what they do."""
