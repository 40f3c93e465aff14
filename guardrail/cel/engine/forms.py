"""The compiled forms of expressions, as an earlier run may have left them: what they read, and what an engine made of them."""

from collections.abc import Iterator, Mapping

import msgspec

from guardrail.cel.analysis.key_access import KeyAccess
from guardrail.cel.analysis.names import Path
from guardrail.cel.functions.values import PROCESS_TEXTS


class Form(msgspec.Struct, array_like=True):
    """What is known of one expression.

    reads            the context paths that it uses, defined names expanded
    plain, careful   the engine's form for values that are known, and for a scope that holds unknown ones; b"" where not asked for yet
    value_paths      those of `guardrail.cel.analysis.value_paths`; None where not asked for yet
    key_access       by dotted path of a map, as far as asked for
    depends_on       what of the paths its value depends on, by `guardrail.cel.analysis.decided`; None where not asked for yet
    """

    reads: frozenset[Path]
    plain: bytes = b""
    careful: bytes = b""
    value_paths: frozenset[Path] | None = None
    key_access: dict[str, KeyAccess] = msgspec.field(default_factory=dict)
    depends_on: frozenset[Path] | None = None


class Forms:
    """The forms of all expressions that belong together: of a rule, or of a cost definition.

    known      whether an earlier run has found the expressions and what they build on to be sound
    has_grown  whether there is more in it than what was read
    """

    def __init__(self, forms: Mapping[str, Form] | None = None) -> None:
        self.known = forms is not None
        self.has_grown = False
        self.by_text: dict[str, Form] = dict(forms or {})

    def add(self, text: str, form: Form) -> None:
        """Add what was made of an expression."""
        self.by_text[text] = form
        self.has_grown = True


def portable(compiled: bytes) -> bytes:
    """Return an engine's form without the texts that are random in each process; b"" where their stand-ins are in it already."""
    if any(stand_in in compiled for _, stand_in in _random_texts()):
        return b""
    for text, stand_in in _random_texts():
        compiled = compiled.replace(text, stand_in)
    return compiled


def of_this_process(kept: bytes) -> bytes:
    """Return the form that `portable` was given, with the random texts of this process."""
    for text, stand_in in _random_texts():
        kept = kept.replace(stand_in, text)
    return kept


def _random_texts() -> Iterator[tuple[bytes, bytes]]:
    """Yield random texts and stand-ins of the same length: Google's form says how long each text in it is."""
    for text in PROCESS_TEXTS:
        yield text.encode(), (text[0] + "0" * (len(text) - 1)).encode()
