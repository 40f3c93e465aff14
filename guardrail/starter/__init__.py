"""Getting started: what there is in a repository, and the files that guardrail needs beside it."""

from guardrail.starter.proposal import KINDS, Kind, Proposal
from guardrail.starter.proposals import proposals
from guardrail.starter.rules_section import finds
from guardrail.starter.survey import Survey, survey

__all__ = ["KINDS", "Kind", "Proposal", "Survey", "finds", "proposals", "survey"]
