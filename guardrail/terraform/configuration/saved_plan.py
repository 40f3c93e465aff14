"""The file that `terraform plan -out` writes: a zip with the plan, and the text of every module that it was made from.

Its entry `tfplan` is a message of protocol buffers whose values are MessagePack. The formats are Terraform's own
(internal/plans/planproto/planfile.proto, which says that they may change): what is of another format is refused.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from guardrail.decode import decode_msgpack
from guardrail.errors import InputError
from guardrail.model.unknown import Json, Unknown
from guardrail.terraform.address import key_value, parse
from guardrail.terraform.configuration.code.files import folders_of
from guardrail.terraform.configuration.code.modules import SavedModules
from guardrail.terraform.configuration.configuration_json import configuration_json
from guardrail.terraform.plan.json.facts import LOCK_FILE, locked_in

_ENTRY = re.compile(r"tfconfig/m-([^/]*)/([^/]+)")  # the module's key, "" for the root module, and the file's name
_MAX_BYTES = 512 * 1024**2  # unpacked, all together: a zip of a few kB can claim any size
_MAX_ENTRY = 64 * 1024**2  # the plan itself; Terraform's own stay far below it
_MAX_VARINT = 10  # bytes of a number of 64 bits: protocol buffers have no longer ones
_PLAN_FORMAT = 3

# Numbers of fields, as planfile.proto has them.
_PLAN_VERSION, _PLAN_VARIABLES, _PLAN_CHANGES, _PLAN_TERRAFORM_VERSION, _PLAN_ERRORED = 1, 2, 3, 14, 20
_ENTRY_DEPOSED, _ENTRY_PROVIDER, _ENTRY_CHANGE, _ENTRY_ADDRESS, _ENTRY_PREVIOUS_ADDRESS = 7, 8, 9, 13, 14
_CHANGE_ACTION, _CHANGE_VALUES, _CHANGE_SENSITIVE_BEFORE, _CHANGE_SENSITIVE_AFTER, _CHANGE_IMPORTING = 1, 2, 3, 4, 5

# Its enum Action. Terraform's JSON has a list for each, where a replacement tells what comes first.
_ACTIONS = {
    0: ["no-op"],
    1: ["create"],
    2: ["read"],
    3: ["update"],
    5: ["delete"],
    6: ["delete", "create"],
    7: ["create", "delete"],
    8: ["forget"],
    9: ["create", "forget"],
}
_ONLY_AFTER, _ONLY_BEFORE = {1}, {5, 8}  # a change of these actions holds one value instead of two

Fields = dict[int, list[Any]]


class SavedPlan:
    """A saved plan: the modules that it was made from, and what it says, as `terraform show -json` would."""

    def __init__(self, data: bytes, where: str, folder: str = "") -> None:
        """Open a saved plan. `folder` is where the root module is shown to lie. Raises InputError."""
        self._where = where
        try:
            self._entries = _entries(data)
        except ValueError as error:
            raise InputError(
                f"this saved plan cannot be read: {error}", where=where, fix="is this the right file?"
            ) from None
        # All that zipfile raises for a damaged archive, an encrypted one, and for a compression that it does not know.
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error):
            raise InputError("a zip that cannot be read", where=where, fix="make the plan again") from None
        if "tfplan" not in self._entries:
            raise InputError("a zip, but no saved plan of Terraform", where=where, fix="pass plan JSON or a saved plan")
        texts: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        for name, content in self._entries.items():
            if found := _ENTRY.fullmatch(name):
                texts[found[1]][found[2]] = content
        folders = folders_of(self._entries.get("tfconfig/modules.json", b"").decode("utf-8", "replace"))
        self.modules = SavedModules(folders, texts, folder)

    def as_json(self) -> bytes:
        """Return the plan as JSON. Raises InputError for a format that is not known, and for a damaged one."""
        configuration = configuration_json(self.modules)
        try:
            plan = _fields(self._entries["tfplan"])
            version = _one(plan, _PLAN_VERSION, 0)
            if version != _PLAN_FORMAT:
                raise self._unreadable(f"saved plans of format {version!s:.20} are not read")
            if _one(plan, _PLAN_ERRORED, 0):
                what = "the plan is incomplete: terraform failed while planning"
                raise InputError(what, where=self._where, fix="fix that error first")
            document = {
                "format_version": "1.2",
                "terraform_version": _text(plan, _PLAN_TERRAFORM_VERSION),
                "resource_changes": [_change(_fields(entry)) for entry in plan.get(_PLAN_CHANGES, ())],
                "configuration": configuration,
                "variables": _variables(plan, configuration),
            }
            return json.dumps(document).encode()
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError, msgspec.DecodeError):
            # Bytes that are no plan fail wherever they first make no sense.
            raise self._unreadable("its plan cannot be read") from None

    def locked_versions(self) -> dict[str, str] | None:
        """Return the versions of its providers by namespace/name; None where the plan does not hold its lock file."""
        text = self._entries.get(LOCK_FILE)
        return None if text is None else locked_in(text.decode("utf-8", "replace"))

    def _unreadable(self, what: str) -> InputError:
        return InputError(what, where=self._where, fix="make JSON of it: terraform show -json tfplan > plan.json")


def _entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        wanted = [info for info in archive.infolist() if info.filename.startswith(("tfplan", "tfconfig/", LOCK_FILE))]
        if sum(info.file_size for info in wanted) > _MAX_BYTES:
            msg = f"unpacks to more than {_MAX_BYTES // 1024**2} MB"
            raise ValueError(msg)
        large = next((info.filename for info in wanted if info.file_size > _MAX_ENTRY), None)
        if large is not None:
            msg = f"{large} in it is larger than {_MAX_ENTRY // 1024**2} MB"
            raise ValueError(msg)
        return {info.filename: archive.read(info) for info in wanted}


def _variables(plan: Fields, configuration: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of the root module. A saved plan holds those only that were given; the others have defaults."""
    declared = configuration["root_module"].get("variables", {})
    found = {name: {"value": variable.get("default")} for name, variable in declared.items()}
    for entry in map(_fields, plan.get(_PLAN_VARIABLES, ())):  # a map: an entry has its key in 1 and its value in 2
        value = _value(_one(entry, 2, b""))
        if not isinstance(value, Unknown):
            found[_text(entry, 1)] = {"value": value}
    return found


def _change(entry: Fields) -> dict[str, Any]:
    """Return an entry of `resource_changes`."""
    address = _text(entry, _ENTRY_ADDRESS)
    found = parse(address)
    change = _fields(_one(entry, _ENTRY_CHANGE, b""))
    action = _one(change, _CHANGE_ACTION, 0)  # protocol buffers leave out what is 0: no-op
    values = [_value(one) for one in change.get(_CHANGE_VALUES, ())]
    first, last = (values[0], values[-1]) if values else (None, None)
    before = None if action in _ONLY_AFTER else first
    after = None if action in _ONLY_BEFORE else last
    change_json: dict[str, Any] = {
        "actions": _ACTIONS[action],
        "before": _known(before),
        "after": _known(after),
        "after_unknown": _marks(after) or {},
        "before_sensitive": _sensitive(change.get(_CHANGE_SENSITIVE_BEFORE, ())),
        "after_sensitive": _sensitive(change.get(_CHANGE_SENSITIVE_AFTER, ())),
    }
    if _CHANGE_IMPORTING in change:
        change_json["importing"] = {}
    previous = _text(entry, _ENTRY_PREVIOUS_ADDRESS)
    # provider["registry.terraform.io/hashicorp/aws"].west: its alias is not part of the name.
    provider = _text(entry, _ENTRY_PROVIDER)
    source = re.search(r'provider\["([^"]+)"\]', provider)
    return {
        "address": address,
        "mode": "data" if found and found.is_data else "managed",
        "type": found.type if found else "",
        "name": found.name if found else address,
        "index": key_value(found.key) if found else None,
        "provider_name": source[1] if source else provider,
        "deposed": _text(entry, _ENTRY_DEPOSED) or None,
        "change": change_json,
        **({"previous_address": previous} if previous and previous != address else {}),
    }


def _sensitive(paths: list[bytes] | tuple[bytes, ...]) -> dict[str, Any]:
    """Return marks for what paths of attributes lead to; a path to a part marks the whole attribute."""
    marks: dict[str, Any] = {}
    for path in paths:
        steps = [_text(_fields(step), 1) for step in _fields(path).get(1, ())]
        if steps and steps[0]:
            marks[steps[0]] = True
    return marks


def _value(dynamic: bytes) -> Json:
    packed = _one(_fields(dynamic), 1, b"")
    return _plain(decode_msgpack(packed, extension=lambda _code, _data: Unknown(""))) if packed else None


def _plain(value: Json) -> Json:
    """Undo what Terraform packs: a value of any type comes with its type, and a number may be a text."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], bytes):  # noqa: PLR2004 - a type and a value
            return _typed(_plain(value[1]), json.loads(value[0]))
        return [_plain(part) for part in value]
    return value


def _typed(value: Json, kind: Json) -> Json:
    """Return a value of a type as cty spells types in JSON: "number", ["list", "string"], ["object", {"a": "bool"}]."""
    if kind == "number" and isinstance(value, str):
        return json.loads(value)
    if isinstance(kind, list) and isinstance(value, dict):
        of = kind[1] if kind[0] == "object" else dict.fromkeys(value, kind[1])
        return {key: _typed(part, of.get(key)) for key, part in value.items()}
    if isinstance(kind, list) and isinstance(value, list):
        of = kind[1] if kind[0] == "tuple" else [kind[1]] * len(value)
        return [_typed(part, one) for part, one in zip(value, of, strict=True)]
    return value


def _known(value: Json) -> Json:
    """Leave out what is unknown, as Terraform's JSON does: absent from maps, null in lists."""
    if isinstance(value, dict):
        return {key: _known(part) for key, part in value.items() if not isinstance(part, Unknown)}
    if isinstance(value, list):
        return [_known(part) for part in value]
    return None if isinstance(value, Unknown) else value


def _marks(value: Json) -> Json:
    """Return marks of what is unknown, False where nothing is."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return {key: mark for key, part in value.items() if (mark := _marks(part))} or False
    if isinstance(value, list):
        marks = [_marks(part) for part in value]
        return marks if any(marks) else False
    return False


def _fields(message: bytes) -> Fields:
    """Return the fields of a message of protocol buffers: number -> values. Raises ValueError or IndexError."""
    fields: defaultdict[int, list[Any]] = defaultdict(list)
    for number, value in _walk(message):
        fields[number].append(value)
    return dict(fields)


def _walk(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field: a number, or bytes, which may be a text or a message themselves."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7  # 0 a number, 1 and 5 of fixed length, 2 with its length before it
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        length, at = _varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)  # noqa: PLR2004 - wire types
        if at + length > len(message):
            raise IndexError(at)  # a slice would be short without a word
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, lowest first, and where it ends."""
    value = 0
    for place in range(_MAX_VARINT):
        byte = message[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number has its high bit clear
            return value, at + place + 1
    raise ValueError(at)


def _one(fields: Fields, number: int, default: Any) -> Any:
    """Return the value of a field that is not repeated: the last one, as protocol buffers have it."""
    return fields[number][-1] if number in fields else default


def _text(fields: Fields, number: int) -> str:
    value = _one(fields, number, b"")
    return value.decode() if isinstance(value, bytes) else ""
