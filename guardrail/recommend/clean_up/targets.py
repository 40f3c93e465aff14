"""Load balancers of AWS whose listeners forward to target groups that nothing here registers with."""

from __future__ import annotations

from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown
from guardrail.recommend.clean_up.rules import is_bystander
from guardrail.recommend.clean_up.uses import Uses, texts_of

_LISTENERS = ("aws_lb_listener", "aws_alb_listener")
_RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")
_GROUPS = ("aws_lb_target_group", "aws_alb_target_group")
BALANCERS = ("aws_lb", "aws_alb")


def groups_without_target(uses: Uses, change: Change, side: Side) -> list[str] | Unknown:
    """Return the target groups of a load balancer if none has a target here; none where it answers itself, or has targets.

    Unknown where it is not known what they are, or what registers with them.
    """
    actors = _actors(uses, change, side)
    if isinstance(actors, Unknown):
        return actors
    if not all(_only_forwards(one) for one in actors):
        return []
    found: list[Change] = []
    led: set[str] = set()
    known: set[Json] = set()
    for group, of_group in uses.existing(*_GROUPS):
        users = uses.users(group, of_group)
        if isinstance(users, Unknown):
            return users
        behind = {one.address for one in users} & {one.address for one in actors}
        if not behind:
            continue
        if any(one.type not in (*_LISTENERS, *_RULES) and not is_bystander(one.type) for one in users):
            return []
        found.append(group)
        led |= behind
        known.add(of_group.get("arn") if isinstance(of_group.get("arn"), str) else None)
    is_whole = all(one.address in led and not _leads_elsewhere(one, known) for one in actors)
    if not is_whole:
        return []
    for one in (change, *actors, *found):
        if (of_one := one.billed_after) and uses.is_output(one, of_one):
            return Unknown(
                "references", f"nothing here registers a target, and an output tells {one.address} to others"
            )
    return [one.address for one in found]


def _actors(uses: Uses, change: Change, side: Side) -> list[Change] | Unknown:
    """Return the listeners of a load balancer and their rules."""
    listeners = uses.users(change, side, *_LISTENERS)
    if isinstance(listeners, Unknown):
        return listeners
    actors = list(listeners)
    for one in listeners:
        of_listener = one.billed_after
        rules = uses.users(one, of_listener, *_RULES) if of_listener else []
        if isinstance(rules, Unknown):
            return rules
        actors += rules
    return actors


def _only_forwards(actor: Change) -> bool:
    side = actor.billed_after
    actions = side.get("default_action" if actor.type in _LISTENERS else "action") if side else None
    return isinstance(actions, list) and all(isinstance(one, dict) and one.get("type") == "forward" for one in actions)


def _leads_elsewhere(actor: Change, known: set[Json]) -> bool:
    """Say whether a listener forwards to a group that is not here: of a data source, or by its ARN."""
    side = actor.billed_after
    texts = texts_of(side.values.values()) if side else ()
    if any(":targetgroup/" in text and text not in known for text in texts):
        return True
    return any(".data." in f".{name}" for names in actor.references.values() for name in names)
