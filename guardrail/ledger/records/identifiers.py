"""What bills, states and plans call the same resource, in one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GOOGLE = re.compile(r"(?://|https://)[^/]+/.*?(projects/.+)")


def normal_forms(text: str | None) -> tuple[str, ...]:
    """Return the spellings by which an id is looked for, the surest first.

    AWS: the ARN, then its last part, which is the bare id for most types ("natgateway/nat-1" -> "nat-1"); bills have either.
    Azure: lower case, as its services disagree on case. Google: from "projects/" on, without service or version.
    """
    return tuple(dict.fromkeys(_forms(text.strip()))) if text else ()


def _forms(text: str) -> Iterator[str]:
    if text.startswith("arn:"):
        arn = text.removesuffix(":*")  # log groups
        yield arn
        last = re.split("[:/]", arn)[-1]
        if last:
            yield last
    elif text.lower().startswith(("/subscriptions/", "/providers/")):
        yield text.lower().rstrip("/")
    elif found := _GOOGLE.fullmatch(text):
        yield found[1]
    elif text:
        yield text


SQL = {
    "macro normal_forms(text)": r"""case
        when text is null or trim(text) = '' then []::varchar[]
        when trim(text) like 'arn:%' then list_distinct(list_filter([
            regexp_replace(trim(text), ':\*$', ''), regexp_extract(regexp_replace(trim(text), ':\*$', ''), '([^:/]*)$', 1)],
            lambda form: form <> ''))
        when lower(trim(text)) like '/subscriptions/%' or lower(trim(text)) like '/providers/%'
            then [rtrim(lower(trim(text)), '/')]
        when regexp_full_match(trim(text), '(?://|https://)[^/]+/.*?projects/.+')
            then [regexp_extract(trim(text), '^(?://|https://)[^/]+/.*?(projects/.+)$', 1)]
        else [trim(text)] end"""
}
"""The same as a macro of DuckDB; a test holds the two against each other."""
