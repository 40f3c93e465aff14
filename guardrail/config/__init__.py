"""The configuration of a run: guardrail.yaml and the command line's flags, as one frozen `Settings`."""

from guardrail.config.approvers import ApprovalsAt, ApprovalsConfig, Approver, is_user_name, same_name
from guardrail.config.checks import misnamed
from guardrail.config.file import ConfigFile, OnIncomplete, PricingConfig, RulesConfig, on_unpriced
from guardrail.config.policy_at import PolicyAt
from guardrail.config.settings import Settings, settings
from guardrail.config.sources import Flags, Source

__all__ = [
    "ApprovalsAt",
    "ApprovalsConfig",
    "Approver",
    "ConfigFile",
    "Flags",
    "OnIncomplete",
    "PolicyAt",
    "PricingConfig",
    "RulesConfig",
    "Settings",
    "Source",
    "is_user_name",
    "misnamed",
    "on_unpriced",
    "same_name",
    "settings",
]
