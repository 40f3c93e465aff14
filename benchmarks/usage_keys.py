"""Infracost's example usage file against ours: `python benchmarks/usage_keys.py FOLDER`, a checkout of infracost/infracost.

Reads infracost-usage-example.yml in FOLDER and checks that each of its keys is read, or answered by pricing/usage/infracost-keys.csv;
that the whole file can be read as a user's; and that no key of the CSV is missing from it. Exits with 1 if one of these fails.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from guardrail.costs import Library, load_usage
from guardrail.costs.usage.infracost_keys import known_keys
from guardrail.costs.usage.keys import unread_keys
from guardrail.errors import GuardrailError

EXAMPLE = "infracost-usage-example.yml"


def leaves(given: Any, path: str = "") -> Iterator[str]:
    """Give the paths of all values."""
    if not isinstance(given, Mapping):
        yield path
        return
    for key, value in given.items():
        yield from leaves(value, f"{path}.{key}" if path else str(key))


def type_of(address: str) -> str:
    """Return the type in an address."""
    steps = re.sub(r"\[.*?\]", "", address).split(".")
    while steps[0] == "module":
        del steps[:2]
    return steps[0]


def main() -> int:
    """Compare, and say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help=f"folder with {EXAMPLE}")
    try:
        usage = load_usage(parser.parse_args().folder / EXAMPLE)
        types = {
            **{name: name for name in usage.by_type},
            **{address: type_of(address) for address in usage.by_address},
        }
        entries = [*usage.by_type.items(), *usage.by_address.items()]
        there = {(types[name], key) for name, given in entries for key in leaves(given)}
        unread = list(unread_keys(usage, types, Library()))
    except GuardrailError as error:
        print(error)
        return 1
    told = {(one.type, one.key): one for one in known_keys()}
    missing, gone = sorted(there - told.keys()), sorted(told.keys() - there)
    read = [key for key in there & told.keys() if told[key].is_read]
    renamed = [key for key in there & told.keys() if told[key].ours and not told[key].is_read]
    print(f"{len(there):,} keys: {len(read):,} read, {len(renamed)} by another name, ", end="")
    print(f"{len(there) - len(read) - len(renamed) - len(missing)} not read for a reason, {len(missing)} not answered")
    print(f"{len(unread)} warnings if all resources of the file were in a plan")
    for type_name, key in missing:
        print(f"not answered: {type_name} {key}")
    for type_name, key in gone:
        print(f"not in the file any more: {type_name} {key}")
    return int(bool(missing or gone))


if __name__ == "__main__":
    sys.exit(main())
