"""In how many hours of a month a resource runs, as the schedules say that start and stop it every week.

What is no weekly schedule (a single date, days of a month, a rate) says nothing: the resource is then priced as running all month.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from guardrail.model.money import HOURS_PER_MONTH
from guardrail.model.unknown import Json

_GIVEN = frozenset({"monthly_hrs", "reserved_instance_term"})  # a reservation is paid for while nothing runs
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DAYS = {name: number for number, name in enumerate(_NAMES)}
_UNIX = {**_DAYS, **{str(number): (number - 1) % 7 for number in range(8)}}  # 0 and 7 are Sunday
_AWS = {**_DAYS, **{str(number): (number - 2) % 7 for number in range(1, 8)}}  # 1 is Sunday
_UNIX_FIELDS, _AWS_FIELDS = 5, 6

Owner = Callable[[str], Json]
"""Gives an attribute of the resource that is started and stopped."""


class Switch(Struct, frozen=True):
    """Starts or stops every week: at these minutes from Monday 0:00, of a time zone."""

    minutes: tuple[int, ...]
    is_on: bool
    zone: str


Switches = tuple[Switch, ...] | None
"""What a schedule starts and stops; None for one that is not the same every week."""


def scheduled(given: Mapping[str, Any], key: str, type_: str, schedules: Json, owner: Owner) -> Mapping[str, Any]:
    """Return the usage of a resource, with the hours by `key` in which schedules run it, unless usage says how much it runs.

    schedules  the attributes of schedules of a type; anything but a list says nothing
    """
    if not isinstance(schedules, list) or not schedules or not {key, *_GIVEN}.isdisjoint(given):
        return given
    found = [_READERS[type_](one, owner) for one in schedules if isinstance(one, dict)]
    if any(switches is None for switches in found):
        return given
    hours = hours_of([one for switches in found for one in switches or ()])
    return given if hours is None else {**given, key: hours}


def hours_of(switches: Sequence[Switch]) -> float | None:
    """Return the hours of a month in which something runs; None where nothing starts it, or nothing stops it.

    A month of 730 hours has the same share of them as a week.
    """
    if len({one.zone for one in switches}) != 1 or {one.is_on for one in switches} != {True, False}:
        return None
    turns = sorted((minute, one.is_on) for one in switches for minute in one.minutes)
    if any(one[0] == other[0] and one[1] != other[1] for one, other in pairwise(turns)):
        return None
    minutes, last = 0, turns[-1][0] - _WEEK  # the last turn of a week holds on into the next
    was_on = turns[-1][1]
    for minute, is_on in turns:
        minutes += minute - last if was_on else 0
        last, was_on = minute, is_on
    return float(HOURS_PER_MONTH * minutes / _WEEK)


def minutes_of(cron: Json, *, is_aws: bool = False) -> tuple[int, ...] | None:
    """Return the minutes of a week at which a cron expression fires; None for one that is not the same every week."""
    if not isinstance(cron, str):
        return None
    fields = cron.upper().split()
    if is_aws:
        if len(fields) != _AWS_FIELDS or fields.pop() != "*":
            return None
    elif len(fields) != _UNIX_FIELDS:
        return None
    minute, hour, date, month, days = fields
    if date not in {"*", "?"} or month != "*" or not (minute.isdecimal() and hour.isdecimal()):
        return None
    at, found = int(hour) * 60 + int(minute), _days(days, _AWS if is_aws else _UNIX)
    if found is None or int(minute) >= 60 or at >= _DAY:  # noqa: PLR2004 - minutes of an hour
        return None
    return tuple(sorted(day * _DAY + at for day in found))


def _days(field: str, numbers: Mapping[str, int]) -> set[int] | None:
    if field in {"*", "?"}:
        return set(range(7))
    found = set[int]()
    for part in field.split(","):
        first, _, last = part.partition("-")
        if first not in numbers or (last and last not in numbers):
            return None
        length = (numbers[last or first] - numbers[first]) % 7
        found |= {(numbers[first] + one) % 7 for one in range(length + 1)}
    return found


def _scaling_action(action: Mapping[str, Json], group: Owner) -> Switches:
    """An action of an Auto Scaling group: to none, or back to as many as the group has."""
    minutes = minutes_of(action.get("recurrence"))
    desired, most, least = (action.get(name) for name in ("desired_capacity", "max_size", "min_size"))
    zone = action.get("time_zone") or "UTC"
    if minutes is None or action.get("end_time") or not isinstance(zone, str):
        return None
    if desired == 0 or most == 0:
        return (Switch(minutes, False, zone),)
    own = group("desired_capacity")
    wanted = least if own is None else own
    return (Switch(minutes, True, zone),) if wanted == (least if desired in {None, -1} else desired) else None


_CALL = r":aws-sdk:\w+:(?P<verb>start|stop)(?:Instances|DBInstance|DBCluster)$"
_EXPRESSION = r"cron\((?P<fields>.*)\)"


def _scheduler(schedule: Mapping[str, Json], owner: Owner) -> Switches:  # noqa: ARG001 - like the others
    """A schedule of EventBridge Scheduler that calls an API."""
    expression, target = schedule.get("schedule_expression"), _first(schedule.get("target"))
    arn, zone = target.get("arn"), schedule.get("schedule_expression_timezone") or "UTC"
    call = re.search(_CALL, arn) if isinstance(arn, str) else None
    cron = re.fullmatch(_EXPRESSION, expression) if isinstance(expression, str) else None
    minutes = minutes_of(cron["fields"], is_aws=True) if cron else None
    is_off = schedule.get("state") == "DISABLED" or schedule.get("end_date")
    if call is None or minutes is None or is_off or not isinstance(zone, str):
        return None
    return (Switch(minutes, call["verb"] == "start", zone),)


def _instance_schedule(policy: Mapping[str, Json], owner: Owner) -> Switches:  # noqa: ARG001 - like the others
    """A policy of Compute Engine that starts and stops machines."""
    found = _first(policy.get("instance_schedule_policy"))
    zone = found.get("time_zone")
    if found.get("start_time") or found.get("expiration_time") or not isinstance(zone, str):
        return None
    switches = []
    for name, is_on in (("vm_start_schedule", True), ("vm_stop_schedule", False)):
        minutes = minutes_of(_first(found.get(name)).get("schedule"))
        if minutes is None:
            return None
        switches.append(Switch(minutes, is_on, zone))
    return tuple(switches)


def _job(job: Mapping[str, Json], owner: Owner) -> Switches:
    """A job of Cloud Scheduler that sends a database its activation policy, or a group its size."""
    minutes, zone = minutes_of(job.get("schedule")), job.get("time_zone") or "Etc/UTC"
    is_on = _sent(_first(job.get("http_target")).get("body"), owner)
    if minutes is None or is_on is None or job.get("paused") is True or not isinstance(zone, str):
        return None
    return (Switch(minutes, is_on, zone),)


def _sent(body: Json, owner: Owner) -> bool | None:
    """Return whether a request starts or stops; None where it does neither."""
    try:
        sent = json.loads(base64.b64decode(body, validate=True)) if isinstance(body, str) else None
    except (binascii.Error, ValueError):
        return None
    if not isinstance(sent, dict):
        return None
    settings = sent.get("settings")
    if isinstance(settings, dict) and "activationPolicy" in settings:
        return {"ALWAYS": True, "NEVER": False}.get(str(settings["activationPolicy"]))
    for name, own in (("nodeCount", owner("node_count")), ("targetSize", owner("target_size"))):
        if name in sent:
            return False if sent[name] == 0 else True if sent[name] == own else None
    return None


_READERS: Mapping[str, Callable[[Mapping[str, Json], Owner], Switches]] = {
    "aws_autoscaling_schedule": _scaling_action,
    "aws_scheduler_schedule": _scheduler,
    "google_cloud_scheduler_job": _job,
    "google_compute_resource_policy": _instance_schedule,
}
READ = frozenset(_READERS)
"""The types of schedules that are read."""


def _first(value: Json) -> Mapping[str, Json]:
    found = value if isinstance(value, list) else [value]
    return next((one for one in found if isinstance(one, dict)), {})
