"""What Terraform is about to do to one resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.model.unknown import Json, Unknown, as_written, has_marks, is_written, redacted, with_unknowns


class Action(StrEnum):
    """What happens to a resource, in the words that rules and reports use."""

    __hash__ = str.__hash__  # that of Enum is a function of Python, and many times slower

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"  # delete and create, in either order: one resource, not two
    DELETE = "delete"
    NO_OP = "no-op"
    FORGET = "forget"  # leaves the state but goes on existing, and costing
    IMPORT = "import"  # existed before, unmanaged; nothing else changes
    MOVE = "move"  # a new address and nothing else


class SourceLine(Struct, frozen=True):
    """A place in the configuration: path as seen from the current folder, and a line counted from 1.

    `calls` are the module blocks that lead to it, from the root module down; `end_line` is the last line of its block,
    None where that is not known.
    """

    file: str
    line: int
    calls: tuple[SourceLine, ...] = ()
    end_line: int | None = None


class Tags(Struct, frozen=True):
    """The effective tags of one resource: its own and those inherited, or labels where a cloud calls them so.

    `values` maps a key to its text, or to Unknown where the key is known and its value is not.
    `origins` maps a key to where it comes from ("resource", "default_tags of provider aws.eu", ...).
    `unknown` is set where the whole map is known only after apply, so that even the keys are not known.
    `defaults` are those that its provider adds to whatever it tags; Unknown where they are not known.
    """

    values: Mapping[str, str | Unknown] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    unknown: Unknown | None = None
    defaults: Mapping[str, str | Unknown] | Unknown = field(default_factory=dict)


NO_TAGS = Tags()


class Side(Struct, frozen=True):
    """A resource as it was (before) or as it will be (after): attributes and Terraform's marks on them.

    Read single attributes with `get`: marks are laid over values only for what somebody asks for. `written` are the
    paths of what is unknown and set by the configuration, without the places in lists: anything else that is unknown is left
    to the provider. None where there is no configuration to ask. `open` are attributes that are left out and of which nothing
    tells whether they are null or the provider's to choose; `open_inside` are marks, like those of `unknown`, of the same
    inside of blocks. `is_set` says whether the configuration has an expression at a path whose value is known; None where that
    cannot be told, and where nothing can be asked.
    """

    values: Mapping[str, Json]
    unknown: Mapping[str, Json] = field(default_factory=dict)
    sensitive: Mapping[str, Json] | bool = field(default_factory=dict)
    written: frozenset[str] | None = None
    open: frozenset[str] = frozenset()
    open_inside: Mapping[str, Json] = field(default_factory=dict)
    is_set: Callable[[str], bool | None] | None = None

    def get(self, name: str) -> Json:
        """Return an attribute with `Unknown` where it is not known yet; None where it is null or absent."""
        value = self.values.get(name)
        mark = self.unknown.get(name)
        return with_unknowns(value, mark, name) if mark else value

    def configured(self, name: str, *, keep: bool = False) -> Json:
        """Return an attribute without what the configuration leaves to the provider; with `keep`, marked as such."""
        mark = self.unknown.get(name)
        if not mark:
            return self.values.get(name)
        value = with_unknowns(self.values.get(name), mark, name)
        return value if self.written is None else as_written(value, self.written, name, keep=keep)

    def sets(self, path: str) -> bool | None:
        """Say whether the configuration sets what stands at a path: "type", "root_block_device.0.iops". None: it cannot be told.

        What comes to null is not set.
        """
        name, *steps = path.split(".")
        value = self.get(name)
        for step in steps:
            if isinstance(value, Unknown):
                break
            if isinstance(value, list):
                value = value[int(step)] if step.isdecimal() and int(step) < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return False
        if isinstance(value, Unknown):
            return None if self.written is None else is_written(value.path, self.written)
        return self.is_set(path) if self.is_set else None

    def shown(self, name: str) -> Json:
        """Return the attribute as it may leave the process, without what Terraform marks as sensitive."""
        marks = self.sensitive
        mark = True if marks is True else marks.get(name) if isinstance(marks, Mapping) else None
        return redacted(self.get(name), mark)

    def is_as(self, other: Side) -> bool:
        """Say whether it has the very values of another side, all of them known, and the same of them are sensitive."""
        known = not self.unknown and not other.unknown
        return self.values is other.values and known and self.sensitive == other.sensitive

    def has_secrets(self, name: str) -> bool:
        """Say whether anything of the attribute is marked as sensitive."""
        marks = self.sensitive
        if not marks or isinstance(marks, bool):
            return bool(marks)
        mark = marks.get(name)
        return bool(mark) and has_marks(mark)

    def names(self) -> set[str]:
        """Return the names of all attributes, known or not."""
        return self.values.keys() | self.unknown.keys()

    def has(self, name: str) -> bool:
        """Say whether there is such an attribute, known or not."""
        return name in self.values or name in self.unknown


class _Everything(Mapping[str, Json]):
    """Marks that mark whatever is asked for."""

    def __getitem__(self, key: str) -> Json:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


UNTOLD = Side({}, unknown=_Everything())
"""A side of which nobody tells the attributes: each is unknown."""


# Their resources are values in a state, whose id may be the value itself (a random string): no bill knows them.
_VALUE_PROVIDERS = frozenset(
    {"archive", "external", "http", "local", "null", "random", "template", "terraform", "time", "tls"}
)


class Ids(Struct, frozen=True):
    """What the vendor calls a resource: its id as Terraform keeps it, and its ARN. None where it is not known."""

    id: str | None = None
    arn: str | None = None

    def __or__(self, other: Ids) -> Ids:
        return Ids(self.id or other.id, self.arn or other.arn)


def ids_of(provider: str, before: Side | None, after: Side | None) -> Ids:
    """Return what the vendor calls a resource: as it was before the change, else as it is after it. Never what is sensitive."""
    if provider in _VALUE_PROVIDERS:
        return NO_IDS
    sides = [side for side in (before, after) if side]
    id_, arn = _known_text(sides, "id"), _known_text(sides, "arn")
    return Ids(id_, arn) if id_ or arn else NO_IDS


NO_IDS = Ids()


def _known_text(sides: Sequence[Side], name: str) -> str | None:
    found = None
    for side in sides:
        if side.sensitive and side.has_secrets(name):
            return None
        value = side.values.get(name)
        if found is None and isinstance(value, str) and value and not side.unknown.get(name):
            found = value
    return found


class Change(Struct, frozen=True):
    """One managed resource of a plan and what happens to it.

    address     as Terraform prints it: module.web["a.b"].aws_instance.this[0]
    module      the module part of the address, "" for the root module
    provider    short name of the provider ("aws", "azurerm", "google", "random")
    region      where it lies in the vendor's own spelling ("eu-west-1", "westeurope"), Unknown, or None if it cannot
                be told; `before_region` likewise
    before      None for a resource that does not exist yet
    after       None for one that will not exist any more (or that Terraform forgets)
    references  attribute name -> addresses of the resources and data sources that its expression mentions, through modules
    before_references  the same as the configuration was before; None where that is not known
    through_locals  attribute name -> where its expression leads to a local value, which a plan does not follow: the name
                inside of a nested block ("" for the attribute itself) and the address of the module instance
    taggable    whether its type can carry tags at all
    ids         what the vendor calls it, as far as the plan knows it
    """

    address: str
    type: str
    name: str
    action: Action
    before: Side | None
    after: Side | None
    module: str = ""
    index: str | int | None = None
    provider: str = ""
    provider_config: str = ""
    region: str | Unknown | None = None
    before_region: str | Unknown | None = None
    tags: Tags = NO_TAGS
    before_tags: Tags = NO_TAGS
    taggable: bool = False
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    before_references: Mapping[str, tuple[str, ...]] | None = None
    through_locals: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    previous_address: str | None = None
    importing: bool = False
    source: SourceLine | None = None
    ids: Ids = NO_IDS

    @property
    def billed_after(self) -> Side | None:
        """What is billed once the plan is applied: a forgotten resource goes on existing and costing."""
        return self.before if self.action is Action.FORGET else self.after

    def without_attributes(self) -> Change:
        """Return it with sides that are there and tell nothing, and without references: many times smaller."""
        return replace(
            self,
            before=self.before and UNTOLD,
            after=self.after and UNTOLD,
            references=_NO_REFERENCES,
            before_references=None,
            through_locals=_NO_LOCALS,
        )


_NO_REFERENCES: Mapping[str, tuple[str, ...]] = {}
_NO_LOCALS: Mapping[str, tuple[tuple[str, str], ...]] = {}
