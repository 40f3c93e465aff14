"""Why something has no price, or is not known."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something has no price, or no known amount. Each has a remedy of its own, and none stands for another."""

    __hash__ = str.__hash__  # that of Enum is a function of Python, and many times slower

    KNOWN_AFTER_APPLY = "known-after-apply"  # the provider decides it when Terraform applies the plan
    NOT_EVALUATED = "not-evaluated"  # a variable, a module or a reference that was not there to be read
    NO_PRICE = "no-price"  # the catalog lacks the price
    NO_MACHINE_FACT = "no-machine-fact"  # the machine catalog lacks what a rule asks of an instance type
    NOT_COVERED = "not-covered"  # no definition, or none of its lines, says what this costs
