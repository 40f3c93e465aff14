"""Characters as Terraform counts them: what people see as one (Unicode's extended grapheme clusters, UAX #29)."""

from __future__ import annotations

import unicodedata

from guardrail.terraform.language.functions.signature import NotEvaluated

_JOINER = "\u200d"


def clusters(text: str) -> list[str]:
    """Split a text into grapheme clusters.

    Raises NotEvaluated for scripts whose rules need tables that Python does not carry.
    """
    if text.isascii() and "\r" not in text:  # "\r\n" is one cluster; all else of ASCII is one each
        return list(text)
    found: list[str] = []
    for character in text:
        if found and _continues(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _continues(cluster: str, character: str) -> bool:
    last = cluster[-1]
    if last == "\r":
        return character == "\n"
    if character.isascii() or unicodedata.category(last) in ("Cc", "Zl", "Zp"):
        return False
    category = unicodedata.category(character)
    # Spacing marks, Hangul's jamo and format characters join by rules of their own, which need UAX #29's tables.
    if (
        category == "Mc"
        or "\u1100" <= character <= "\u11ff"
        or (category == "Cf" and character not in "\u200b\u200c\u200d\ufeff")
    ):
        raise NotEvaluated(f"characters of a text with U+{ord(character):04X}")
    if category in ("Mn", "Me") or character in "\u200c\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if _regional(character):  # two of them are a flag, so that every second one begins anew
        return len(cluster) % 2 == 1 and all(map(_regional, cluster))
    if last == _JOINER:
        if category != "So":
            raise NotEvaluated("characters of a text with U+200D")
        return unicodedata.category(cluster[0]) == "So"
    return False


def _regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
