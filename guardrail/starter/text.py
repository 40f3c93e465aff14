"""Texts to fill in: templates with <<names>> in them, and values as YAML spells them."""

from __future__ import annotations

import json
import re
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from guardrail import __version__

SCHEMAS = f"https://raw.githubusercontent.com/guardrail-finops/guardrail/v{__version__}/docs/schemas"
"""Where the schemas of this release lie, for editors."""

TEMPLATES = Path(__file__).parent / "templates"
_PLAIN = re.compile(r"\.|[A-Za-z_][\w./+-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}  # in YAML 1.1, which many tools still read


def filled(template: str, **values: str) -> str:
    """Return a template with its <<names>> replaced. A name alone on its line goes with the line if it has no value."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for name, value in {**values, "version": __version__, "schemas": SCHEMAS}.items():
        if not value:
            text = re.sub(rf"^<<{name}>>\n", "", text, flags=re.MULTILINE)
        text = text.replace(f"<<{name}>>", value)
    return text


def scalar(value: str) -> str:
    """Return a text as YAML spells it: plain where that is safe, else in quotes."""
    return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value, ensure_ascii=False)


def comment(text: str) -> str:
    """Return a text fit for one line of comment: names in it may come from anywhere."""
    return "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))


def rounded_up(amount: Decimal) -> str:
    """Return an amount rounded up to two digits that count: 1034.2 is 1100."""
    if amount <= 0:
        return "0"
    step = Decimal(1).scaleb(max(amount.adjusted() - 1, 0))
    return f"{(amount / step).to_integral_value(ROUND_CEILING) * step:.0f}"
