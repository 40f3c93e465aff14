"""How a kind of resource is stopped and started: what that takes, and when it cannot be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from guardrail.model.plan.new_resource import NewResource
from guardrail.model.remedy import Assignment
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json
from guardrail.recommend.scene import Scene
from guardrail.recommend.schedules.hours import WorkingHours
from guardrail.terraform.edit.literals import literal


class Stop(Struct, frozen=True):
    """What has to be done so that a resource runs in working hours alone.

    adds, steps  as code that the estimate reads
    usage        where no code does it by itself: usage by address that says what it comes to, which is in no sum
    how          what has to be done by hand then
    notes        prerequisites, and what a reader should know
    code         what may be pasted where there is no edit
    """

    adds: tuple[NewResource, ...] = ()
    steps: tuple[Assignment, ...] = ()
    usage: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    how: str = ""
    notes: tuple[str, ...] = ()
    code: str = ""


class Place(Struct, frozen=True):
    """A resource that may be stopped, where it stands, and when it is to run."""

    scene: Scene
    change: Change
    side: Side
    hours: WorkingHours

    @property
    def reference(self) -> str:
        """How its module refers to it: `aws_instance.web[0]`."""
        index = self.change.index
        key = "" if index is None else f"[{literal(index)}]"
        return f"{self.change.type}.{self.change.name}{key}"

    @property
    def label(self) -> str:
        """What names of resources that belong to it begin with: `web_0`."""
        index = self.change.index
        plain = "" if index is None else "".join(one if one.isalnum() else "_" for one in f"_{index}")
        return f"{self.change.name}{plain}"

    def get(self, name: str) -> Json:
        """Return an attribute as it is configured."""
        return self.side.configured(name)

    def number(self, name: str) -> int | None:
        """Return a whole number, None where it is none, or not known."""
        value = self.get(name)
        is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        return int(value) if is_whole else None

    def block(self, name: str) -> Mapping[str, Json]:
        """Return the first block of a name; empty where there is none, or it is not known."""
        return first(self.get(name))

    def referring(self, types: Sequence[str], attribute: str) -> Iterator[tuple[Change, Side]]:
        """Give the resources of these types whose attribute refers to it, or has its id."""
        ids = {
            value
            for name in ("id", "arn", "name", "identifier", "self_link")
            if isinstance(value := self.side.get(name), str)
        }
        for other, side in self.scene.existing():
            if other.type in types and other is not self.change:
                value = side.get(attribute)
                if self.change.address in other.references.get(attribute, ()) or (
                    isinstance(value, str) and value in ids
                ):
                    yield other, side


def first(value: Json) -> Mapping[str, Json]:
    """Return the first of some blocks; empty where there is none."""
    found = value if isinstance(value, list) else [value]
    return next((one for one in found if isinstance(one, Mapping)), {})
