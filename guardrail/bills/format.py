"""A format of bills: how its columns tell it, and how a row of it becomes a charge."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from guardrail.bills.charges import CHARGES
from guardrail.errors import ConfigError, InputError, did_you_mean

FORMATS = Path(__file__).parent / "formats"

_USED = re.compile(r'"((?:[^"]|"")+)"')
_READ_BY = re.compile(r'\b(amount|number|moment|credits|product)\(("[^"]+"(?:, "[^"]+")?)\)')
_OWN_NAME = re.compile(r".* \((\w+)\)")  # of Azure's exports in other languages: Ressourcengruppe (ResourceGroup)


class Format(Struct, frozen=True):
    """A file of formats/. Columns are matched without regard to case.

    match     columns that all have to be there; `any`: of each group one has to
    snake     whether columns are renamed as Athena does it: lineItem/UsageType is line_item_usage_type
    told_by   a condition that some row of it meets, where another format has the same columns; "" for the other
    unused    a condition, "" for never: a row that meets it is two charges, and in the expressions of the second `is_unused` is true
    columns   a charge's column -> an expression over the row's columns, which are texts. One that is not there is null.
    keep      other columns that are kept, as patterns
    tags_json, tags_pairs, tag_prefixes   where tags are: a column of JSON, one of {key, value}, or a column for each tag
    tag_key_prefix   what keys in a column of JSON begin with and people do not write
    """

    name: str
    title: str
    provider: str
    match: tuple[str, ...]
    any: tuple[tuple[str, ...], ...]
    snake: bool
    told_by: str
    unused: str
    columns: Mapping[str, str]
    keep: tuple[str, ...]
    tags_json: str
    tag_key_prefix: str
    tags_pairs: str
    tag_prefixes: tuple[str, ...]

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return the columns that a file lacks to be of this format."""
        there = {name.casefold() for name in self.renamed(names)}
        lacking = [name for name in self.match if name.casefold() not in there]
        return lacking + [" or ".join(group) for group in self.any if not there & {name.casefold() for name in group}]

    def renamed(self, names: Iterable[str]) -> list[str]:
        """Return a file's columns by the names that expressions use, each once."""
        found: list[str] = []
        seen: set[str] = set()
        for number, name in enumerate(names, 1):
            own = _OWN_NAME.fullmatch(name)
            text = own[1] if own else name
            text = _snake(text) if self.snake else text
            text = text if text and text.casefold() not in seen else f"{text}__{number}"
            seen.add(text.casefold())
            found.append(text)
        return found


@cache
def formats() -> tuple[Format, ...]:
    """Return the formats there are. One that is told by its rows comes before the one that has the same columns."""
    found = [
        _format(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(FORMATS.glob("*.toml"))
    ]
    return tuple(sorted(found, key=lambda one: (not one.told_by, one.name)))


def candidates(names: Sequence[str], chosen: str = "", *, where: str) -> list[Format]:
    """Return the formats that a file with these columns may be of. Raises InputError for one that none knows, with the nearest."""
    if chosen:
        known = {one.name: one for one in formats()}
        if chosen not in known:
            fix = did_you_mean(chosen, known) or f"one of {', '.join(sorted(known))}"
            raise ConfigError(f"no format is called {chosen!r}", fix=fix)
        lacking = known[chosen].missing(names)
        if lacking:
            raise InputError(f"lacks columns of {chosen}: {', '.join(lacking)}", where=where)
        return [known[chosen]]
    found = [one for one in formats() if not one.missing(names)]
    if not found:
        nearest = min(formats(), key=lambda one: len(one.missing(names)) / len(one.match))
        what = f"no format has these columns; of the nearest, {nearest.name}, these are missing: {', '.join(nearest.missing(names))}"
        raise InputError(what, where=where, fix="`guardrail ledger import --help` lists the formats")
    return found


def charge_query(format_: Format, names: Sequence[str], rows: str) -> str:
    """Return a query that gives a charge for each row of `rows`, with a text in `fault` for one that cannot be read.

    names  the file's own names of the columns, in their order
    rows   a relation with `row`, `file` and the renamed columns, all texts
    """
    renamed = format_.renamed(names)
    there = {name.casefold(): name for name in renamed}
    used = {
        match
        for source in (*format_.columns.values(), format_.told_by, format_.unused)
        for match in _USED.findall(source)
    }
    absent = [name for name in sorted(used) if name.casefold() not in there]
    others = [*renamed, *absent]
    text = ", ".join(
        f"{quoted(name)}" if name in there.values() else f"null::varchar as {quoted(name)}" for name in others
    )
    fields = [f"({format_.columns.get(name, 'null')})::{kind} as {quoted(name)}" for name, kind in _plain_columns()]
    fields += [f"{_tags(format_, names, renamed)} as tags", f"{_kept(format_, renamed, used)} as x", "row", "file"]
    parts = f"unnest(case when {format_.unused} then [false, true] else [false] end)" if format_.unused else "false"
    # What is missing altogether is said before what a row has wrong.
    return f"""
        select *, coalesce(
            {_faults(format_, there, dict(zip(renamed, names, strict=True)))},
            case when billing_period_start is null then 'has no billing period' end,
            case when billing_currency is null then 'has no currency' end,
            case when billed_cost is null and effective_cost is null then 'has no cost' end) as fault
        from (select {", ".join(fields)}, {quoted("told_by")}, {_raw_columns(format_, there)} from
            (select *, {parts} as is_unused from (select row, file, {text}, {_told_by(format_)} as told_by from {rows})))"""


def quoted(name: str) -> str:
    """Return a column's name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'


def _plain_columns() -> list[tuple[str, str]]:
    return [(name, kind) for name, kind in CHARGES.items() if name not in {"tags", "x", "row", "file"}]


def _told_by(format_: Format) -> str:
    return "false" if not format_.told_by else f"({format_.told_by})"


def _checked(format_: Format, there: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what reads a column, and the column, for all of a file's columns that have to be numbers or times."""
    found = [
        (reader, name.casefold())
        for source in format_.columns.values()
        for reader, arguments in _READ_BY.findall(source)
        for name in _USED.findall(arguments)
    ]
    return [(reader, there[name]) for reader, name in dict.fromkeys(found) if name in there]


def _raw_columns(format_: Format, there: Mapping[str, str]) -> str:
    names = dict.fromkeys(name for _, name in _checked(format_, there))
    return ", ".join(f"{quoted(name)} as {quoted('raw ' + name)}" for name in names)


def _faults(format_: Format, there: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Return an expression for what a row has wrong, None for nothing; columns by the file's own names."""
    found = [
        f"'{own[name].replace(chr(39), chr(39) * 2)} ' || fault_of_{'number' if reader == 'product' else reader}({quoted('raw ' + name)})"
        for reader, name in _checked(format_, there)
    ]
    return ", ".join(found) or "null"


def _tags(format_: Format, names: Sequence[str], renamed: Sequence[str]) -> str:
    there = {name.casefold(): name for name in renamed}
    if format_.tags_json.casefold() in there:
        tags = f"tags_of_json({quoted(there[format_.tags_json.casefold()])})"
        prefix = format_.tag_key_prefix
        return f"without_prefix({tags}, '{prefix}')" if prefix else tags
    if format_.tags_pairs in there:
        return f"tags_of_pairs({quoted(there[format_.tags_pairs])})"
    prefixes = tuple(format_.tag_prefixes)
    found = [
        (_tag_key(name, new, prefixes), new)
        for name, new in zip(names, renamed, strict=True)
        if prefixes and new.startswith(prefixes)
    ]
    return _map(found)


def _tag_key(name: str, renamed: str, prefixes: Sequence[str]) -> str:
    """Return a tag's key as people write it: resourceTags/user:Team is Team."""
    if "/" in name:
        return name.partition("/")[2].removeprefix("user:")
    prefix = next(prefix for prefix in prefixes if renamed.startswith(prefix))
    return renamed.removeprefix(prefix)


def _kept(format_: Format, renamed: Sequence[str], used: Iterable[str]) -> str:
    taken = {name.casefold() for name in (*used, format_.tags_json, format_.tags_pairs)}
    patterns = [pattern.casefold() for pattern in format_.keep]
    kept = [n for n in renamed if n.casefold() not in taken and any(fnmatchcase(n.casefold(), p) for p in patterns)]
    return _map([(name, name) for name in kept])


def _map(columns: Sequence[tuple[str, str]]) -> str:
    """Return an expression for a map of columns that are not null, by their keys; null where all are."""
    if not columns:
        return "null::map(varchar, varchar)"
    keys = dict(columns)
    entries = ", ".join(
        "{'key': '" + key.replace("'", "''") + f"', 'value': {quoted(name)}" + "}" for key, name in keys.items()
    )
    return f"map_of([{entries}])"


def _snake(name: str) -> str:
    parts = [re.sub(r"(?<!^)(?=[A-Z])", "_", part).lower() for part in re.split(r"[/.]", name)]
    return re.sub(r"[^0-9a-z]+", "_", "_".join(parts))


def _format(name: str, data: Mapping[str, Any]) -> Format:
    unknown = data["columns"].keys() - CHARGES.keys()
    if unknown:
        raise ConfigError(f"the format {name} fills {', '.join(sorted(unknown))}, which no charge has")
    return Format(
        name,
        data["title"],
        data["provider"],
        tuple(data["match"]),
        tuple(map(tuple, data.get("any", ()))),
        data.get("snake", False),
        data.get("told_by", ""),
        data.get("unused", ""),
        data["columns"],
        tuple(data.get("keep", ())),
        data.get("tags_json", ""),
        data.get("tag_key_prefix", ""),
        data.get("tags_pairs", ""),
        tuple(data.get("tag_prefixes", ())),
    )


MACROS = r"""
create macro decimals(x) as greatest(0, length(regexp_extract(x, '\.(\d*?)0*(?:[eE]|$)', 1))
    - coalesce(try_cast(regexp_extract(x, '[eE]([+-]?\d+)$', 1) as integer), 0));
create macro amount(x) as try_cast(x as decimal(38,18));
create macro number(x) as try_cast(x as decimal(38,18));
create macro moment(x) as coalesce(try_cast(x as timestamptz),
    try_strptime(x, ['%m/%d/%Y', '%Y%m', '%Y%m%d', '%Y-%m-%dT%H:%MZ', '%Y-%m-%d %H:%M:%S %Z', '%m/%d/%Y %H:%M:%S'])::timestamptz);
create macro credits(x) as case when x is not null and not json_valid(x) then null else coalesce(list_sum(list_transform(json_extract_string(x::varchar, '$[*].amount'), lambda one: amount(one))), 0) end;
create macro product(x, y) as case
    when decimals(x) <= 9 and decimals(y) <= 9 then try_cast(x as decimal(19,9)) * try_cast(y as decimal(19,9))
    when decimals(x) <= 4 and decimals(y) <= 14 then try_cast(x as decimal(16,4)) * try_cast(y as decimal(22,14))
    when decimals(x) <= 14 and decimals(y) <= 4 then try_cast(x as decimal(22,14)) * try_cast(y as decimal(16,4))
    when decimals(x) = 0 and decimals(y) <= 18 then try_cast(x as decimal(12,0)) * try_cast(y as decimal(26,18))
    when decimals(x) <= 18 and decimals(y) = 0 then try_cast(x as decimal(26,18)) * try_cast(y as decimal(12,0)) end;
create macro fault_of_number(x) as
    case when x is not null and try_cast(x as decimal(38,18)) is null then 'is no number: ' || left(x, 40) end;
create macro fault_of_amount(x) as case when x is null then null
    when try_cast(x as decimal(38,18)) is null then 'is no amount: ' || left(x, 40)
    when length(x) <= 19 and not contains(lower(x), 'e') then null
    when decimals(x) > 18 then 'has more than 18 decimals: ' || left(x, 60) end;
create macro fault_of_moment(x) as case when x is not null and moment(x) is null then 'is no time: ' || left(x, 40) end;
create macro fault_of_credits(x) as case when x is null then null when not json_valid(x) then 'is no JSON: ' || left(x, 40)
    when list_bool_or(list_transform(json_extract_string(x, '$[*].amount'), lambda one: fault_of_amount(one) is not null))
        then 'has a credit without an amount' end;
create macro member(x, key) as case when json_valid(x) then json_extract_string(x, '$.' || key) end;
create macro map_of(entries) as case when len(list_filter(entries, lambda one: one.value is not null)) > 0
    then map_from_entries(list_filter(entries, lambda one: one.value is not null)) end;
create macro tags_of_json(x) as case when x is null then null
    when json_valid(x) then try_cast(x::json as map(varchar, varchar))
    when json_valid('{' || x || '}') then try_cast(('{' || x || '}')::json as map(varchar, varchar)) end;
create macro without_prefix(tags, prefix) as case when tags is not null then map_from_entries(list_transform(map_entries(tags),
    lambda one: {'key': case when starts_with(one.key, prefix) then substr(one.key, len(prefix) + 1) else one.key end, 'value': one.value})) end;
create macro tags_of_pairs(x) as case when x is not null and json_valid(x) then try(map_from_entries(list_zip(
    json_extract_string(x, '$[*].key'), json_extract_string(x, '$[*].value')))) end;
"""
"""What expressions may use, over texts. Products are exact, or null where no decimal of 38 digits has room for them."""

ROUNDING = """
create or replace macro fault_of_amount(x) as
    case when x is not null and try_cast(x as decimal(38,18)) is null then 'is no amount: ' || left(x, 40) end;
"""
"""Takes amounts with more than 18 decimals, rounded at the 18th, instead of refusing their rows."""
