"""Brings packs of rules from elsewhere: the only part that fetches rules, run by `guardrail rules fetch` alone."""

from guardrail.fetch.packs import check_packs, fetch_packs

__all__ = ["check_packs", "fetch_packs"]
