"""`price.of`: what a resource would cost with other attributes. What computes it is handed in with the resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

from guardrail.cel.failures import FunctionError
from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.values import known, marker, trace
from guardrail.errors import GuardrailError
from guardrail.model.unknown import Unknown

_NUMBERS = count()


class Handle:
    """Something to call, as a value of a scope: engines see a text that nobody else can make."""

    __slots__ = ("__weakref__", "call", "token")

    def __init__(self, call: Callable[[Mapping[str, Any]], object]) -> None:
        self.call = call
        self.token = f"\ue0c6{next(_NUMBERS)}"
        _HANDLES[self.token] = self


_HANDLES: WeakValueDictionary[str, Handle] = WeakValueDictionary()


@function("price.of", params="s m", result="d")
def price_of(token: str, attributes: dict[str, Any]) -> float:
    """Return the monthly price of the resource that the token stands for, with other values of these attributes.

    Raises FunctionError for a text that is no such token, and for a price that cannot be computed.
    """
    handle = _HANDLES.get(known(token))
    if handle is None:
        raise fault()
    met = list(trace.unknown)
    try:
        price = handle.call(attributes)
    except GuardrailError as error:
        raise FunctionError(str(error)) from None
    finally:
        trace.unknown[:] = met  # expressions of cost definitions were evaluated meanwhile
    if isinstance(price, Unknown):
        known(marker(price))
    return float(str(price))
