"""Realised savings: what merged changes save by the bill, and to whom that is credited."""
