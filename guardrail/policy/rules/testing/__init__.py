"""Tests that rules carry: their fixtures, what running them says, and which branches they go through."""
