"""Renews guardrail/terraform/taggable.csv from schemas of providers: which types carry tags, and in which attribute.

In a folder whose configuration requires the providers:

    terraform init && terraform providers schema -json > schema.json && terraform version -json > version.json
    python docs/taggable_types.py schema.json version.json

What a schema has is told by it; types that it does not have, those of older versions say, stay as they are.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "guardrail" / "terraform" / "taggable.csv"
LABELS = ("labels", "resource_labels")
NAMES = {"aws": ("tags",), "azurerm": ("tags",), "google": LABELS, "google-beta": LABELS}
SUMS = {"tags_all", "effective_labels"}
SOMETHING_ELSE = "-"

Block = dict[str, Any]


def carrier(block: Block, provider: str) -> str | None:
    """Return the attribute in which a type carries tags; "-" where one called so means something else; else None.

    A dot leads into a nested block; `tag` are the blocks of an autoscaling group.
    """
    nested: Block = block.get("block_types", {})
    tag = nested.get("tag", {})
    if provider == "aws" and tag.get("nesting_mode") == "set" and "propagate_at_launch" in tag["block"]["attributes"]:
        return "tag"
    for name in ("", "settings", "metadata"):
        inner = nested.get(name, {}).get("block", {}) if name else block
        if found := _own(inner, provider):
            return f"{name}.{found}".removeprefix(".")
    name = NAMES[provider][0]
    return SOMETHING_ELSE if name in nested or _is_set(block, name) else None


def _own(block: Block, provider: str) -> str | None:
    if provider == "azurerm" or not SUMS.isdisjoint(block.get("attributes", {})):
        return next((name for name in NAMES[provider] if _is_map(block, name)), None)
    return "user_labels" if _is_map(block, "user_labels") else None


def _is_set(block: Block, name: str) -> bool:
    attribute = block.get("attributes", {}).get(name, {})
    return bool(attribute.get("optional") or attribute.get("required"))


def _is_map(block: Block, name: str) -> bool:
    return _is_set(block, name) and block["attributes"][name]["type"] == ["map", "string"]


def main() -> None:
    """Read the schemas and write the file again."""
    schemas, selected = (json.loads(Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3])
    before = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    heads = [line for line in before if line.startswith("#")]
    rows = dict(line.split(",") for line in before if not line.startswith("#"))
    for address, schema in schemas["provider_schemas"].items():
        provider = address.rpartition("/")[2]
        if provider not in NAMES:
            continue
        for type_name, resource in schema.get("resource_schemas", {}).items():
            found = carrier(resource["block"], provider)
            rows.pop(type_name, None)
            rows.update({type_name: found} if found else {})
        version = selected["provider_selections"][address]
        heads.append(f"# hashicorp/{provider} {version}: its schema, {datetime.now(UTC).date()}")
    lines = [*dict.fromkeys(heads), *(f"{name},{attribute}" for name, attribute in sorted(rows.items()))]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
