"""The kind `schedules`: what is not production and runs all week is stopped while nobody works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from guardrail.costs.running_hours import READ
from guardrail.model.money import HOURS_PER_MONTH, ZERO, plain
from guardrail.model.resource import Change
from guardrail.policy.variables.environment import tagged_environment
from guardrail.recommend.clean_up.uses import texts_of
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.scene import Scene
from guardrail.recommend.schedules import aws, azure, google
from guardrail.recommend.schedules.hours import WorkingHours, working_hours
from guardrail.recommend.schedules.stops import Place, Stop

KIND = "schedules"
_STOPS: Mapping[str, Callable[[Place], Stop | str]] = {
    "aws_autoscaling_group": aws.scaling_group,
    "aws_instance": aws.instance,
    "aws_db_instance": aws.database,
    "aws_rds_cluster": aws.cluster,
    "azurerm_linux_virtual_machine": azure.machine,
    "azurerm_windows_virtual_machine": azure.machine,
    "azurerm_kubernetes_cluster": azure.cluster,
    "google_compute_instance": google.instance,
    "google_compute_instance_group_manager": google.instance_group,
    "google_compute_region_instance_group_manager": google.instance_group,
    "google_container_node_pool": google.node_pool,
    "google_sql_database_instance": google.database,
}
_ELSEWHERE = frozenset({*READ, "azurerm_dev_test_global_vm_shutdown_schedule"})
# By these tags the usual tools know what they stop and start: AWS Instance Scheduler, Cloud Custodian, and their like.
_TAGS = frozenset(
    {"schedule", "scheduler", "autostop", "autoshutdown", "offhours", "custodianoffhours", "maidoffhours"}
)
_NIGHT = 5  # percent of CPU


def schedules(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give schedules for what may be stopped; of what has none and cannot, why. Production is never proposed."""
    hours = working_hours(scene.config.schedules)
    may = {one.lower() for one in scene.config.schedules.environments}
    others = _mentioned(scene)
    for change, side in scene.existing():
        if change.type not in _STOPS:
            continue
        env = scene.project.env or tagged_environment(change.tags.unknown or change.tags.values)
        if not isinstance(env, str):
            yield NotJudged(
                KIND, change.address, "its environment is not known: set env of the project, or tag it with one"
            )
        elif env.lower() not in may:
            yield NotJudged(KIND, change.address, f"its environment, {env}, is not in recommend.schedules.environments")
        else:
            yield from _of(Place(scene, change, side, hours), env, others)


def _of(place: Place, env: str, others: Mapping[str, str]) -> Iterator[Proposal | NotJudged]:
    scene, change = place.scene, place.change
    if reason := _scheduled(scene, change, others):
        yield NotJudged(KIND, change.address, reason)
        return
    stop = _STOPS[change.type](place)
    if isinstance(stop, str):
        yield NotJudged(KIND, change.address, stop)
        return
    saving, unknown = _by_usage(scene, stop) if stop.usage else (None, "")
    observed = scene.hours(change)
    yield Proposal(
        kind=KIND,
        id="working-hours",
        address=change.address,
        title=f"all week -> {place.hours.text}",
        steps=stop.steps,
        adds=stop.adds,
        saving=saving,
        unknown=unknown,
        on_demand=observed.share if observed else Decimal(1),
        counted=not stop.usage,
        confidence=Confidence.LOW if stop.usage else Confidence.MEDIUM,
        effort=Effort.HIGH if stop.usage else Effort.MEDIUM,
        evidence=tuple(_evidence(place, env)),
        notes=(*([stop.how] if stop.how else []), *stop.notes),
        code=stop.code,
    )


def _mentioned(scene: Scene) -> Mapping[str, str]:
    """Return what existing schedules refer to, or have the id of -> the schedule."""
    found: dict[str, str] = {}
    for change, side in scene.existing():
        if change.type in _ELSEWHERE:
            found |= dict.fromkeys((name for names in change.references.values() for name in names), change.address)
            found |= dict.fromkeys(texts_of(side.values.values()), change.address)
    return found


def _scheduled(scene: Scene, change: Change, others: Mapping[str, str]) -> str:
    """Return what schedules a resource already; "" where nothing is known to."""
    for tag in change.tags.values:
        if tag.lower().replace("-", "").replace("_", "") in _TAGS:
            return f"its tag {tag} says that another tool stops and starts it"
    names = (change.address, *scene.evaluation.readers(change.address))
    read = (scene.costs.get(address) for name in names for address in scene.evaluation.reads(name))
    found = next((one.change.address for one in read if one and one.change.type in _ELSEWHERE), None)
    own = (change.address, change.address.rpartition("[")[0], *filter(None, (change.ids.id, change.ids.arn)))
    found = found or next((others[name] for name in own if name in others), None)
    return f"is scheduled already, by {found}" if found else ""


def _by_usage(scene: Scene, stop: Stop) -> tuple[Decimal | None, str]:
    """Return what hours come to that only a usage file tells, or why that is not known."""
    came = [scene.evaluation.with_usage(*each) for each in stop.usage.items() if each[0] in scene.costs]
    gap = next((one.gap for one in came if one.gap), "")
    return (None, gap) if gap else (sum((one.saving or ZERO for one in came), ZERO), "")


def _evidence(place: Place, env: str) -> Iterator[Evidence]:
    hours: WorkingHours = place.hours
    off = HOURS_PER_MONTH - Decimal(hours.monthly.numerator) / hours.monthly.denominator
    yield Evidence("environment", env, "configuration")
    yield Evidence("hours off", f"{off:.2f} of {HOURS_PER_MONTH} a month", "recommend.schedules")
    if observed := place.scene.hours(place.change):
        value = f"{plain(observed.on_demand)} of {plain(observed.hours)} on demand"
        yield Evidence("hours", value, f"bill of {observed.source}", observed.month)
    cpu = place.scene.window(place.change, "cpu")
    if cpu and cpu.unit == "percent" and cpu.mean <= _NIGHT:
        yield Evidence("cpu", f"mean {cpu.mean:.1f}%", cpu.sources, f"{cpu.span}, {cpu.days} days")
