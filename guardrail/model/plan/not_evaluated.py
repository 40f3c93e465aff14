"""What stands for resources that are not in the report: how many they are, or what they are, is not known."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.reason import Reason
from guardrail.model.resource import SourceLine


class NotEvaluated(Struct, frozen=True):
    """A block, a deferred change, or a part of the input that was not read. It has a cost that no sum holds.

    address         the block's, in its module instance ("module.net.aws_nat_gateway.this"), or that of a module that is
                    not there ("module.net"); "" where it is the input as a whole
    note            why, in words that follow "not evaluated:" ("count is known after apply")
    remedy          what to do so that it can be evaluated
    type            resource type; "" where resources of any type may be missing
    module          the module instance that it is missing from
    before, after   from which sides of the change a cost is missing: neither, for what costs nothing
    later           whether it is left to a later plan: then what this one adds is known all the same
    digest          hash of how it is written, with all that it refers to; "" where nothing tells
    edited          whether it was missing before as well, and was written in another way then, or nothing tells how
    """

    address: str
    note: str
    reason: Reason = Reason.NOT_EVALUATED
    remedy: str = ""
    type: str = ""
    module: str = ""
    before: bool = False
    after: bool = True
    later: bool = False
    source: SourceLine | None = None
    digest: str = ""
    edited: bool = False

    @property
    def free(self) -> NotEvaluated:
        """The same of a type that costs nothing: no sum misses it."""
        return replace(self, before=False, after=False)

    @property
    def opens_delta(self) -> tuple[bool, bool]:
        """Whether the delta misses something before the change, and something after it.

        What is left to a later plan can only add to what this one does.
        """
        if self.later:
            return False, self.before or self.after
        return self.before, self.after

    @property
    def text(self) -> str:
        """Address and reason in one line."""
        return f"{self.address}: {self.note}" if self.address else self.note


def at_base(missing: Iterable[NotEvaluated]) -> list[NotEvaluated]:
    """Return what is missing from a run, as missing before another one that is compared with it."""
    return [replace(one, before=True, after=False, source=None) for one in missing if one.after]


def joined(base: Iterable[NotEvaluated], head: Iterable[NotEvaluated]) -> tuple[NotEvaluated, ...]:
    """Return what is missing from either of two runs that are compared; what is missing from both is told once."""
    found = {(one.address, one.note): one for one in head}
    for one in at_base(base):
        key = (one.address, one.note)
        if key in found:
            found[key] = replace(found[key], before=True, edited=one.digest != found[key].digest)
        else:
            found[key] = replace(one, note=f"at the base: {one.note}")
    return tuple(found.values())
