"""All functions of the language by name: those of Terraform 1.15, and of OpenTofu 1.11."""

from __future__ import annotations

from guardrail.terraform.language.functions import (
    dates,
    encoding,
    filesystem,
    hashes,
    json_text,
    network,
    numeric,
    types,
    yaml_functions,
)
from guardrail.terraform.language.functions.collections import lists, maps, selection, sets
from guardrail.terraform.language.functions.signature import Function
from guardrail.terraform.language.functions.text import formatting, regular_expressions, strings
from guardrail.terraform.language.values import Cause

FUNCTIONS: dict[str, Function] = {
    name: function
    for module in (
        dates,
        encoding,
        filesystem,
        formatting,
        hashes,
        json_text,
        lists,
        maps,
        network,
        numeric,
        regular_expressions,
        selection,
        sets,
        strings,
        types,
        yaml_functions,
    )
    for name, function in module.FUNCTIONS.items()
}

UNKNOWABLE: dict[str, tuple[Cause, str]] = {
    "timestamp": (Cause.APPLY, "timestamp()"),
    "uuid": (Cause.APPLY, "uuid()"),
    # Salted at random, so that each plan has another one.
    "bcrypt": (Cause.APPLY, "bcrypt(), which is another at each call"),
    "plantimestamp": (Cause.NOT_EVALUATED, "plantimestamp(), the time of the plan"),
    "rsadecrypt": (Cause.NOT_EVALUATED, "rsadecrypt()"),
}
"""Functions whose result is not known before the plan, and why; all of them return a text."""

REMOVED: dict[str, str] = {
    "list": 'the "list" function was deprecated in Terraform v0.12 and is no longer available; use tolist([ ... ]) syntax to write a literal list',
    "map": 'the "map" function was deprecated in Terraform v0.12 and is no longer available; use tomap({ ... }) syntax to write a literal map',
}
"""Functions that Terraform still names to refuse them, and with what message."""
