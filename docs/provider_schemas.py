"""Renews guardrail/terraform/schemas/*.tsv: what the resource types of AWS, Azure and Google Cloud look like.

The schemas are read from packages that are made from them, unpacked from npm:

    npm pack @cdktf/provider-aws @cdktf/provider-azurerm @cdktf/provider-google @pulumi/aws @pulumi/azure @pulumi/gcp
    for package in *.tgz; do mkdir "${package%.tgz}" && tar xzf "$package" -C "${package%.tgz}"; done
    python docs/provider_schemas.py FOLDER

The CDKTF package tells names, types, blocks, and what is computed and cannot be set. Pulumi's tells which attributes
are never computed, which are sensitive and which are deprecated, and what its documentation gives as default; its
classes do not say which Terraform type they are made from, so one counts only where it has the same attributes. What
neither tells is left out of the table, where it means "not known", never "no".
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parent.parent / "guardrail" / "terraform" / "schemas"
PROVIDERS = {"aws": "aws", "azurerm": "azure", "google": "gcp"}
KINDS = {"string": "s", "boolean": "b", "number": "n", "any": "*"}
FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
SYNTHESIZE = re.compile(r"^    synthesizeHclAttributes\(\) \{\n(.*?)^    \}", re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(
    r"^ +(?P<name>\w+): \{\n +value: (?P<value>.*),\n +isBlock: (?P<block>true|false),\n"
    r' +type: "(?P<type>\w+)",\n +storageClassType: "(?P<storage>\w+)",',
    re.MULTILINE,
)
CLASS = re.compile(r"^class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
COMPUTED = re.compile(
    r"// (?P<name>\w+) - computed: true, optional: false, required: false\n"
    r"(?: +this\._\w+ = new (?P<class>[\w.]+)\(this, \"\w+\"(?:, (?P<set>true|false))?\)"
    r"|.*\n(?: +return (?P<get>.*);)?)"
)
COLLECTIONS = {
    "getStringMapAttribute": "Ms",
    "getNumberMapAttribute": "Mn",
    "getBooleanMapAttribute": "Mb",
    "getNumberListAttribute": "Ln",
    "getListAttribute": "Ls",
    "getStringAttribute": "s",
    "getNumberAttribute": "n",
    "getBooleanAttribute": "b",
}
INTERFACE = re.compile(r"^export interface (\w+) [^{]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
MEMBER = re.compile(r"#(\w+) \w+#\w+\}\n(?:    \*[^\n]*\n)*?    \*/\n    readonly \w+(\??):")
DEFAULT = re.compile(r"(?:Defaults? to|Defaults? is|Default value is) `([^`]*)`\s*(?:\.|$)", re.IGNORECASE)

MOST_UNLIKE = 0.12
"""The share of attributes that only one of two descriptions may have, if they are to be of the same type."""

Shape = dict[str, Any]


@dataclass
class Package:
    """The attributes of one package's types, and the shapes of nested blocks, each once."""

    version: str
    types: dict[str, Shape] = field(default_factory=dict)
    shapes: dict[str, int] = field(default_factory=dict)

    def shape(self, attributes: Shape) -> int:
        """Return the number of a shape; equal ones share it."""
        return self.shapes.setdefault(json.dumps(attributes, sort_keys=True, separators=(",", ":")), len(self.shapes))


class Source:
    """The generated code of one resource type."""

    def __init__(self, text: str, declarations: str, package: Package) -> None:
        self._package = package
        self._required = {
            name: {attribute for attribute, optional in MEMBER.findall(body) if not optional}
            for name, body in INTERFACE.findall(declarations)
        }
        self._functions = dict(FUNCTION.findall(text))
        self._classes = {name: body for name, _, body in CLASS.findall(text)}
        self._synthesize = SYNTHESIZE.findall(text)
        found = re.search(r'^(\w+)\.tfResourceType = "(\w+)";', text, re.MULTILINE)
        self.name, self.type = (found.group(1), found.group(2)) if found else ("", "")

    def attributes(self) -> Shape:
        """Return the attributes of the type."""
        required = self._required.get(f"{self.name}Config", set())
        return self._shape(self._synthesize[-1] if self._synthesize else "", self._classes[self.name], required)

    def _shape(self, settable: str, body: str, required: set[str]) -> Shape:
        shape: Shape = {}
        for found in ATTRIBUTE.finditer(settable):
            name = found["name"]
            kind = self._kind(found)
            shape[name] = f"{kind} r" if name in required else kind
        for found in COMPUTED.finditer(body):
            if found["name"] not in shape:
                shape[found["name"]] = f"{self._computed(found)} c"
        return dict(sorted(shape.items()))

    def _kind(self, found: re.Match[str]) -> str:
        storage, collection = found["storage"], {"list": "L", "set": "S", "map": "M"}.get(found["type"], "")
        if base := re.fullmatch(r"(string|number|boolean)((?:List|Map)*)", storage):
            # The outermost collection is told apart (a set is a list in the name), the inner ones by their names.
            suffixes = re.findall("List|Map", base.group(2))
            inner = "".join({"List": "L", "Map": "M"}[one] for one in reversed(suffixes[:-1]))
            outer = collection or ({"List": "L", "Map": "M"}[suffixes[-1]] if suffixes else "")
            return outer + inner + KINDS[base.group(1)]
        if storage == "any":
            return collection + "*"
        if storage == "anyMap":
            return "M*"
        nested = re.findall(r"(\w+)ToHclTerraform", found["value"])
        if not nested or nested[-1] not in self._functions:
            return "*"
        name = nested[-1]
        title = f"{name[0].upper()}{name[1:]}"
        body = self._classes.get(f"{title}OutputReference", "")
        shape = self._shape(self._functions[name], body, self._required.get(title, set()))
        number = self._package.shape(shape)
        is_list = "listMapperHcl" in found["value"]
        # A block that can stand once only has no list mapper, and a list of one in state; `timeouts` has no list at all.
        single = found["type"] == "struct"
        mark = "" if single else collection
        block = re.search(r"listMapperHcl\(\w+, (true|false)\)", found["value"])
        is_block = block.group(1) == "true" if block else found["block"] == "true"
        once = "" if is_list or single or collection == "M" else "1"
        return f"{mark}{once}{'B' if is_block else 'O'}{number}"

    def _computed(self, found: re.Match[str]) -> str:
        if name := found["class"]:
            plain = {
                "cdktf.StringMap": "Ms",
                "cdktf.BooleanMap": "Mb",
                "cdktf.NumberMap": "Mn",
                "cdktf.StringMapList": "LMs",
            }
            if name in plain:
                return plain[name]
            name = name.rpartition(".")[2]
            element = re.sub(r"(List|Map)$", "OutputReference", name)
            if element not in self._classes:
                return "*"
            collection = "M" if name.endswith("Map") else "S" if found["set"] == "true" else "L"
            collection = "" if name == element else collection
            return f"{collection}O{self._package.shape(self._shape('', self._classes[element], set()))}"
        get = found["get"] or ""
        is_set = "Fn.tolist" in get
        kind = next((kind for call, kind in COLLECTIONS.items() if call in get), "*")
        return kind.replace("L", "S") if is_set else kind


def cdktf(folder: Path) -> Package:
    """Read a CDKTF package."""
    package = Package("")
    for path in sorted(folder.glob("package/lib/*/index.js")):
        if path.parent.name.startswith("data-"):
            continue
        # Large types keep the code of their blocks in files of its own.
        files = [path, *sorted(path.parent.glob("index-structs/structs*.js"))]
        text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        if not package.version and (version := re.search(r"providerVersion: '([\d.]+)'", text)):
            package.version = version.group(1)
        declarations = "\n".join(file.with_suffix(".d.ts").read_text(encoding="utf-8") for file in files)
        source = Source(text, declarations, package)
        if source.type and "extends cdktf.TerraformResource" in text:
            package.types[source.type] = source.attributes()
    return package


@dataclass
class PulumiClass:
    """What one of Pulumi's classes tells of its attributes."""

    names: frozenset[str]
    never_computed: set[str]
    sensitive: set[str]
    deprecated: set[str]
    defaults: dict[str, Any]


PROPERTY = re.compile(r"((?:^     \*[^\n]*\n)*)    readonly (\w+): pulumi\.Output<(.*?)>;\n", re.DOTALL | re.MULTILINE)


def pulumi(folder: Path) -> Iterator[tuple[str, PulumiClass]]:
    """Read a Pulumi package: the name of each class, and what it tells."""
    for path in sorted(folder.glob("package/**/*.d.ts")):
        text = path.read_text(encoding="utf-8")
        class_ = re.search(
            r"^export declare class (\w+) extends pulumi\.CustomResource \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL
        )
        if not class_:
            continue
        code = path.with_suffix("").with_suffix(".js").read_text(encoding="utf-8")
        secret = re.search(r"additionalSecretOutputs: \[(.*?)\]", code)
        found = PulumiClass(
            frozenset(), set(), set(re.findall(r'"(\w+)"', secret.group(1) if secret else "")), set(), {}
        )
        names = set()
        for comment, name, type_ in PROPERTY.findall(class_.group(2)):
            names.add(name)
            if type_.rstrip().endswith("| undefined"):
                found.never_computed.add(name)
            if "@deprecated" in comment:
                found.deprecated.add(name)
            words = re.sub(r"\n\s*\*", " ", comment)
            if default := DEFAULT.search(words):
                found.defaults[name] = default.group(1)
        found.names = frozenset(names)
        yield class_.group(1), found


def enriched(package: Package, classes: list[tuple[str, PulumiClass]]) -> int:
    """Add to the table what Pulumi tells of types with the same attributes; return of how many."""
    folded = [(name.lower(), frozenset(map(_folded, one.names)), one) for name, one in classes]
    by_name: defaultdict[str, list[tuple[str, frozenset[str], PulumiClass]]] = defaultdict(list)
    for name, names, one in folded:
        for attribute in names:
            by_name[attribute].append((name, names, one))
    count = 0
    for type_, shape in package.types.items():
        own = {_folded(name): name for name in shape if name not in {"id", "timeouts"}}
        rarest = min(own, key=lambda name: len(by_name[name]) or len(folded) + 1, default="")
        words = type_.replace("_", "")
        # Pulumi's packages are of a later version of the provider: a few attributes more are the same type still.
        ranked = sorted(
            (len(names ^ own.keys()) / len(names | own.keys()), not words.endswith(name), number)
            for number, (name, names, _) in enumerate(by_name[rarest])
        )
        if not ranked or ranked[0][0] > MOST_UNLIKE or (len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]):
            continue
        count += 1
        _lay(shape, own, by_name[rarest][ranked[0][2]][2])
    return count


def _lay(shape: Shape, own: dict[str, str], one: PulumiClass) -> None:
    flags: list[tuple[set[str], str]] = [(one.never_computed, "p"), (one.sensitive, "!"), (one.deprecated, "~")]
    for names, flag in flags:
        for name in names:
            attribute = own.get(_folded(name), "")
            if attribute:
                shape[attribute] += flag if " " in shape[attribute] else f" {flag}"
    for name, text in one.defaults.items():
        attribute = own.get(_folded(name), "")
        kind, _, marks = shape.get(attribute, "").partition(" ")
        if not attribute or "c" in marks or "r" in marks or (value := _literal(text, kind)) is None:
            continue
        shape[attribute] = f"{kind} {marks}={json.dumps(value)}"


def _literal(text: str, kind: str) -> Any:
    if kind == "b":
        return {"true": True, "false": False}.get(text)
    if kind == "n":
        return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None
    return text.strip('"') if kind == "s" and text and re.fullmatch(r"[\w.:/-]+", text.strip('"')) else None


def _folded(name: str) -> str:
    """Return a name without what Pulumi changes of it: case, underscores, and the plural of lists."""
    bare = name.replace("_", "").lower()
    return re.sub(r"(?:ies|es|s|y)$", "", bare)


def write(provider: str, package: Package, told: int, sources: str) -> None:
    """Write a table: comments, then the types, then the shapes that they share."""
    lines = [
        f"# {provider} {package.version}: {len(package.types)} resource types, from {sources}",
        f"# {told} of them held beside Pulumi's; docs/provider_schemas.py says how it is made, schema.py how it is read",
    ]
    lines += [f"{name}\t{json.dumps(shape, separators=(',', ':'))}" for name, shape in sorted(package.types.items())]
    lines += [f"{number}\t{text}" for text, number in package.shapes.items()]
    TABLES.joinpath(f"{provider}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Read the packages in a folder and write the tables again."""
    folder = Path(sys.argv[1])
    for provider, bridged in PROVIDERS.items():
        (first,) = folder.glob(f"cdktf-provider-{provider}-*/")
        (second,) = folder.glob(f"pulumi-{bridged}-*/")
        package = cdktf(first)
        told = enriched(package, list(pulumi(second)))
        sources = " and ".join(
            f"{one.name.replace('cdktf-', '@cdktf/').replace('pulumi-', '@pulumi/')}" for one in (first, second)
        )
        write(provider, package, told, sources)
        print(
            provider,
            package.version,
            len(package.types),
            "types,",
            told,
            "told by both,",
            len(package.shapes),
            "shapes",
        )


if __name__ == "__main__":
    main()
