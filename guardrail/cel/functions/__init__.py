"""The functions that expressions may call: CEL's own, its extensions, Kubernetes', and ours. Importing this registers them."""

from guardrail.cel.functions import (
    collections,
    instants,
    kubernetes,
    network,
    numbers,
    optionals,
    plumbing,
    prices,
    strings,
)
from guardrail.cel.functions.function import FUNCTIONS, KINDS, NAMES, Function, Table, whole

__all__ = [
    "FUNCTIONS",
    "KINDS",
    "NAMES",
    "Function",
    "Table",
    "collections",
    "instants",
    "kubernetes",
    "network",
    "numbers",
    "optionals",
    "plumbing",
    "prices",
    "strings",
    "whole",
]
