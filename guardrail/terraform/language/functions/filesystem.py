"""Functions that read files, and those over paths."""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from guardrail.terraform.language.functions.hashes import HASHES, digested
from guardrail.terraform.language.functions.signature import (
    MOST_ELEMENTS,
    Function,
    FunctionContext,
    FunctionError,
    NotEvaluated,
    Parameter,
)
from guardrail.terraform.language.types import ANY, BOOL, STRING, MapType, ObjectType, SetType
from guardrail.terraform.language.values import Value, boolean, set_, string

_TEXT = Parameter(STRING)
_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")


def file(context: FunctionContext, path: Value) -> Value:
    """Return a file's text."""
    return string(_text(context, path.raw))


def _text(context: FunctionContext, path: str) -> str:
    try:
        return context.files.content(path).decode()
    except UnicodeDecodeError:
        raise FunctionError(f"contents of {path} are not valid UTF-8; use the filebase64 function instead") from None


def filebase64(context: FunctionContext, path: Value) -> Value:
    """Return a file's bytes in base64."""
    return string(base64.b64encode(context.files.content(path.raw)).decode())


def _file_hash(name: str) -> Callable[[FunctionContext, Value], Value]:
    algorithm, in_base64 = HASHES[name]

    def body(context: FunctionContext, path: Value) -> Value:
        found = context.files.hashed(path.raw, hashlib.new(algorithm, usedforsecurity=False))
        return digested(found, in_base64=in_base64)

    return body


def fileexists(context: FunctionContext, path: Value) -> Value:
    """Return whether a regular file is there; something else is an error."""
    mode = context.files.kind(path.raw)
    if mode is not None and not stat.S_ISREG(mode):
        raise FunctionError(
            f"{path.raw} is {'a directory, not a file' if stat.S_ISDIR(mode) else 'not a regular file'}"
        )
    return boolean(mode is not None)


def fileset(context: FunctionContext, path: Value, pattern: Value) -> Value:
    """Return the regular files below a folder that match a pattern, by their path from there."""
    # A pattern that leads out of the folder, and folders that look like patterns: Terraform joins the two first.
    joined = posixpath.normpath(pattern.raw) if pattern.raw else "."
    if joined.startswith("..") or re.search(r"[*?\[\]{}\\]", path.raw):
        raise NotEvaluated(f"the pattern {pattern.raw} below {path.raw}")
    segments = joined.lstrip("/").split("/")
    if any(segment.count("{") != segment.count("}") or segment.count("[") > segment.count("]") for segment in segments):
        raise NotEvaluated(f"the pattern {pattern.raw}")
    return set_(map(string, _Glob(context, path.raw).files("", segments)), STRING)


class _Glob:
    """The files below a folder that match a pattern; it gives up on large trees, and on links to folders below `**`."""

    def __init__(self, context: FunctionContext, base: str) -> None:
        self._context = context
        self._base = base
        self._visited = 0

    def files(self, folder: str, segments: list[str]) -> Iterator[str]:
        first, rest = segments[0], segments[1:]
        everywhere = first == "**"
        matches = re.compile(".*" if everywhere else _translated(first), re.DOTALL)
        if everywhere and rest:  # `**` is no folder as well: a/**/b finds a/b
            yield from self.files(folder, rest)
        for entry in self._entries(folder):
            name = posixpath.join(folder, entry.name)
            if not matches.fullmatch(entry.name):
                continue
            if not entry.is_dir():
                if (everywhere or not rest) and not (everywhere and rest) and entry.is_file():
                    self._context.files.located(posixpath.join(self._base, name))
                    yield name
            elif everywhere:
                if entry.is_symlink():  # which may lead to a folder above, and so round in circles
                    raise NotEvaluated(f"the files below {name}, a link to a folder")
                yield from self.files(name, segments)
            elif rest:
                yield from self.files(name, rest)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        located: Path = self._context.files.located(posixpath.join(self._base, folder) if folder else self._base)
        try:
            with os.scandir(located) as entries:
                found = list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise NotEvaluated(f"the folder {folder or self._base} ({error.strerror})") from None
        self._visited += len(found)
        if self._visited > MOST_ELEMENTS:
            raise NotEvaluated(f"a folder of more than {MOST_ELEMENTS:,} files")
        return found


def _translated(segment: str) -> str:
    """Return one part of a pattern between slashes as a regular expression."""
    made, position, depth = "", 0, 0
    while position < len(segment):
        character = segment[position]
        position += 1
        if character == "*":
            made += ".*"
        elif character == "?":
            made += "."
        elif character == "\\":
            made += re.escape(segment[position : position + 1])
            position += 1
        elif character == "[":
            end = segment.index("]", position)
            inside = segment[position:end]
            negated = inside[:1] in ("^", "!")
            letters = re.sub(r"([\\\[^&~|])", r"\\\1", inside[negated:])
            made += f"[{'^' if negated else ''}{letters}]"
            position = end + 1
        elif character in "{}":  # {a,b}, which may nest
            depth += 1 if character == "{" else -1
            made += "(?:" if character == "{" else ")"
        else:
            made += "|" if character == "," and depth else re.escape(character)
    return made


def basename(path: Value) -> Value:
    """Return the last part of a path."""
    stripped = path.raw.rstrip("/")
    return string(posixpath.basename(stripped) or ("/" if path.raw else "."))


def dirname(path: Value) -> Value:
    """Return a path without its last part."""
    return string(_clean(path.raw[: path.raw.rfind("/") + 1]))


def _clean(path: str) -> str:
    """Return a path as Go's path.Clean does; Python alone keeps two slashes at the beginning."""
    return posixpath.normpath(re.sub("^/+", "/", path)) if path else "."


def abspath(path: Value) -> Value:
    """A machine's own folders are not known."""
    if path.raw.startswith("/"):
        return string(_clean(path.raw))
    raise NotEvaluated("abspath, which depends on the machine")


def pathexpand(path: Value) -> Value:
    """Return a path, but one in a home folder, which depends on the machine."""
    if path.raw.startswith("~"):
        raise NotEvaluated("pathexpand of a home folder, which depends on the machine")
    return path


def templatefile(context: FunctionContext, path: Value, variables: Value) -> Value:
    """Render a file's template."""
    return _rendered(context, _text(context, path.raw), variables, path.raw)


def templatestring(context: FunctionContext, template: Value, variables: Value) -> Value:
    """Render a template that a value holds."""
    return _rendered(context, template.raw, variables, "<templatestring argument>")


def _rendered(context: FunctionContext, text: str, variables: Value, where: str) -> Value:
    if not isinstance(variables.type, ObjectType | MapType):
        raise FunctionError("invalid vars value: must be a map")
    for name in variables.raw:
        if not _IDENTIFIER.fullmatch(name):
            raise FunctionError(
                f'invalid template variable name "{name}": must start with a letter, followed by zero or more letters, digits, and underscores'
            )
    return context.render(text, variables, where)


_FILE_HASHES = {f"file{name}": Function((_TEXT,), STRING, _file_hash(name), in_context=True) for name in HASHES}

FUNCTIONS = _FILE_HASHES | {
    "abspath": Function((_TEXT,), STRING, abspath),
    "basename": Function((_TEXT,), STRING, basename),
    "dirname": Function((_TEXT,), STRING, dirname),
    "file": Function((_TEXT,), STRING, file, in_context=True),
    "filebase64": Function((_TEXT,), STRING, filebase64, in_context=True),
    "fileexists": Function((_TEXT,), BOOL, fileexists, in_context=True),
    "fileset": Function((_TEXT, _TEXT), SetType(STRING), fileset, in_context=True),
    "pathexpand": Function((_TEXT,), STRING, pathexpand),
    "templatefile": Function((_TEXT, Parameter()), ANY, templatefile, in_context=True),
    "templatestring": Function((_TEXT, Parameter()), STRING, templatestring, in_context=True),
}
