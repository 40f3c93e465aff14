"""Suggestions in the review of a pull request: where they fit, and what is to be written, renewed and taken away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, unquote

from msgspec import Struct

from guardrail.model.remedy import Suggestion

_MARKER = re.compile(r'<!-- guardrail-suggestion key="([^"\s]{0,1200})" id="([0-9a-f]{32})" -->')
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_FENCE = re.compile(r"`{3,}")


class Lines(Struct, frozen=True):
    """What a pull request's diff shows of the new side of a file: line number to text, and to the hunk that it is in."""

    texts: Mapping[int, str]
    hunks: Mapping[int, int]

    def run(self, first: int, last: int) -> str | None:
        """Return the text of lines of one hunk; None where they are not all in one."""
        numbers = range(first, last + 1)
        if not numbers or len({self.hunks.get(number, -number) for number in numbers}) > 1:
            return None
        return "\n".join(self.texts[number] for number in numbers) if first in self.texts else None


class Remark(Struct, frozen=True):
    """A review comment to be: its identity, file, lines and body."""

    id: str
    path: str
    first: int
    last: int
    body: str


class Posted(Struct, frozen=True):
    """A review comment of ours that is there. `line` is None where its lines are in the diff no more."""

    number: str
    id: str
    path: str
    line: int | None
    body: str
    has_replies: bool = False


class Work(Struct, frozen=True):
    """What is to be done: comments to post, bodies to renew by number, and comments to take away."""

    post: tuple[Remark, ...]
    renew: Mapping[str, str]
    remove: tuple[str, ...]


def lines_of(patch: str) -> Lines:
    """Read the diff of one file, as the platform tells it."""
    texts: dict[int, str] = {}
    hunks: dict[int, int] = {}
    number = hunk = 0
    for line in patch.split("\n"):
        if found := _HUNK.match(line):
            number, hunk = int(found[1]), hunk + 1
        elif hunk and line[:1] in {" ", "+"}:  # lines that are gone have no number on the new side
            texts[number], hunks[number] = line[1:], hunk
            number += 1
    return Lines(texts, hunks)


def marker(key: str, identity: str) -> str:
    """Return the first line of a comment, an HTML comment that is not shown."""
    return f'<!-- guardrail-suggestion key="{quote(key, safe=":+").replace("--", "%2D%2D")}" id="{identity}" -->'


def marked(body: str) -> tuple[str, str] | None:
    """Return key and identity of a comment of ours; None for any other."""
    found = _MARKER.fullmatch(body.partition("\n")[0].rstrip("\r"))
    return (unquote(found[1]), found[2]) if found else None


def remark(suggestion: Suggestion, lines: Lines, key: str) -> Remark | None:
    """Return the comment for a suggestion; None where the diff does not show its lines, or shows others there.

    Text that only comes in takes a neighbouring line along, since a suggestion has to replace one.
    """
    wanted = suggestion.lines
    first, last, text = wanted.first_line, wanted.last_line, wanted.text
    if last >= first:
        if lines.run(first, last) != wanted.was:
            return None
    elif (above := lines.run(last, last)) is not None:
        first, text = last, f"{above}\n{text}"
    elif (below := lines.run(first, first)) is not None:
        last, text = first, f"{text}\n{below}"
    else:
        return None
    if "\r" in text:  # the other line ends would not be kept
        return None
    # Longer than any fence within, which would end it.
    fence = "`" * max([3, *(len(found) + 1 for found in _FENCE.findall(text))])
    body = f"{marker(key, suggestion.id)}\n{suggestion.said}\n\n{fence}suggestion\n{text}\n{fence}"
    return Remark(suggestion.id, wanted.file, first, last, body)


def work(remarks: Sequence[Remark], there: Iterable[Posted]) -> Work:
    """Return what makes the review show these comments, each once, and no others of ours."""
    wanted = {one.id: one for one in remarks}
    shown: set[str] = set()
    renew: dict[str, str] = {}
    remove: list[str] = []
    for posted in there:
        one = wanted.get(posted.id)
        if one and posted.id not in shown and (posted.path, posted.line) == (one.path, one.last):
            shown.add(posted.id)
            if _plain(posted.body) != _plain(one.body):
                renew[posted.number] = one.body
        elif not posted.has_replies:
            remove.append(posted.number)
        else:
            # People have answered it: it stays, so that the answers keep what they are about, without the suggestion.
            marker_line = posted.body.partition("\n")[0].rstrip("\r")
            gone = f"{marker_line}\nThis suggestion no longer applies."
            if _plain(posted.body) != _plain(gone):
                renew[posted.number] = gone
    return Work(tuple(one for one in remarks if one.id not in shown), renew, tuple(remove))


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n").strip()
