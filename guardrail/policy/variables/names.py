"""Every name that rules may use, with its type and its meaning for the documentation."""

from __future__ import annotations

from msgspec import Struct

from guardrail.model.resource import Action


class Variable(Struct, frozen=True):
    """A name that expressions may use: its type as CEL has it, and its meaning for the documentation."""

    name: str
    type: str
    meaning: str


VARIABLES = tuple(
    Variable(*row)
    for row in (
        ("resource.address", "string", 'as Terraform prints it: `module.web["a"].aws_instance.this[0]`'),
        ("resource.type", "string", "Terraform type: `aws_instance`"),
        ("resource.name", "string", "name in the configuration: `this`"),
        ("resource.module", "string", "module part of the address, empty in the root module"),
        ("resource.provider", "string", "short name of the provider: `aws`, `azurerm`, `google`"),
        (
            "resource.provider_alias",
            "string",
            "alias of the provider configuration that it uses; empty for the one without",
        ),
        (
            "resource.environment",
            "string",
            "`env` of the project in guardrail.yaml, else the tag `env` or `environment` in any case; null where neither is given",
        ),
        ("resource.region", "string", "region or location in the vendor's spelling; null where it cannot be told"),
        ("resource.action", "string", "create, update, replace, delete, no-op, forget, import or move"),
        ("resource.before", "map", "attributes before the change; all null for a new resource"),
        ("resource.after", "map", "attributes after the change; all null for a deleted resource"),
        (
            "resource.set",
            "map",
            'whether the configuration sets an attribute: `resource.set.type`, `resource.set["root_block_device.0.iops"]`',
        ),
        ("resource.tags", "map", "effective tags or labels, inherited ones included"),
        (
            "resource.tags_of.instances",
            "list",
            "the tags of machines that it brings along, as a group does; each has `tags`, `own` (those that it gives itself, without those of a template) and `of` (the attribute)",
        ),
        ("resource.tags_of.volumes", "list", "the same of volumes and disks that it brings along"),
        ("resource.tag_origins", "map", "where each tag comes from: `resource`, or the default tags of a provider"),
        ("resource.unknown", "list", 'paths known only after apply: `"instance_type"`, `"tags.env"`'),
        ("resource.cost.monthly", "number", "monthly cost after the change; unknown if part of it has no price"),
        ("resource.cost.known", "number", "the part of it that is known: a lower bound"),
        (
            "resource.cost.with_usage",
            "number",
            "the same as `monthly`, but unknown too if usage that it depends on is not given",
        ),
        (
            "resource.cost.assumed_usage",
            "number",
            "what usage costs that `--assume-usage` assumes; no other amount holds it, 0 without a profile",
        ),
        ("resource.cost.before", "number", "monthly cost before the change; unknown if part of it has no price"),
        ("resource.cost.delta", "number", "what the change adds to the month; 0 if nothing changes"),
        (
            "resource.cost.delta_percent",
            "number",
            "the delta in percent of what was; null where that is 0, as of a new resource",
        ),
        ("resource.cost.priced", "bool", "whether all has a price, apart from usage that nobody gave"),
        ("resource.cost.status", "string", "priced, partial, free or unsupported"),
        (
            "resource.cost.lines",
            "list",
            "its lines: group, name, unit, quantity, price (of a unit), monthly, status, assumed_usage, usage_profile; unknown what has no price",
        ),
        (
            "resource.costs",
            "map",
            'name of a line -> monthly, quantity and unit: `resource.costs["Instance usage"].monthly`; null where there is none',
        ),
        ("resource.file", "string", "file that it is written in; unknown where nothing tells"),
        ("resource.line", "number", "its line there"),
        ("resource.module_source", "string", "source of its module, as the call says it; empty in the root module"),
        ("resource.module_version", "string", "version that the call asks for; empty where it asks for none"),
        (
            "resource.instance.type",
            "string",
            "machine type, the largest if there are several; null if there is none, as of a serverless database",
        ),
        ("resource.instance.types", "list", "all machine types that the resource names"),
        ("resource.instance.families", "list", "the family of each of them: `m5`"),
        ("resource.instance.vcpu", "number", "virtual processors of the machine type; of several the most"),
        ("resource.instance.memory_gib", "number", "its memory in GiB; of several the most"),
        ("resource.instance.family", "string", "its family: `m5`"),
        (
            "resource.instance.current_generation",
            "bool",
            "whether the vendor counts it to the current generation; of several, all of them",
        ),
        ("resource.instance.gpus", "number", "its GPUs, with those that are attached to it; of several types the most"),
        ("resource.instance.arch", "string", "its processor's architecture"),
        (
            "resource.instance.successors",
            "list",
            "for each type of a previous generation: path of the attribute, type, successor (null where none is known)",
        ),
        (
            "plan.monthly",
            "number",
            "monthly cost of all resources after the change; unknown if part of it has no price",
        ),
        ("plan.known", "number", "the part of it that is known: a lower bound"),
        (
            "plan.with_usage",
            "number",
            "the same as `monthly`, but unknown too if usage that it depends on is not given",
        ),
        (
            "plan.assumed_usage",
            "number",
            "what usage costs that `--assume-usage` assumes; no other amount holds it, 0 without a profile",
        ),
        ("plan.before", "number", "monthly cost before the change; unknown if part of it has no price"),
        ("plan.delta", "number", "what the change adds to the month; unknown if part of it has no price"),
        (
            "plan.known_delta",
            "number",
            "the part of the delta that is known: a lower bound, unknown where there is none",
        ),
        ("plan.delta_percent", "number", "the delta in percent of what was; null where that is 0"),
        ("plan.known_delta_percent", "number", "`known_delta` in percent of what was; null where that is 0"),
        (
            "plan.cost.by_module",
            "map",
            "address of a module (without keys of instances, empty for the root) -> what it costs: monthly, known, with_usage, before, delta, ...",
        ),
        (
            "plan.unpriced",
            "number",
            "how many resources have no price or only part of one, including what was not evaluated",
        ),
        ("plan.not_evaluated", "number", "how many blocks were not evaluated, changes deferred, modules not there"),
        *((f"plan.counts.{action.replace('-', '_')}", "number", f"how many resources: {action}") for action in Action),
        ("plan.resources", "list", "all resources; each has what `resource` has"),
        (
            "plan.data",
            "list",
            "data sources that resources mention; each has what `resource` has, their types begin with `data.`",
        ),
        ("plan.modules", "list", "module blocks: address (without keys of instances), source, version"),
        (
            "plan.providers",
            "list",
            "providers that modules use: name, source, constraint (empty: any version), module, and version of the lock file",
        ),
        ("plan.variables", "map", "variables of the root module"),
        ("plan.outputs", "map", "outputs of the root module"),
        ("plan.workspace", "string", "workspace; unknown for the JSON of a plan, unless TF_WORKSPACE is set"),
        ("project.name", "string", "name of the project"),
        ("project.path", "string", "its path"),
        ("project.repository", "string", "owner/name of the repository, as the CI or the remote `origin` tells it"),
        ("project.env", "string", "its environment as `guardrail.yaml` says, empty if it does not"),
        ("pr", "map", "the pull request: number, title, labels, author; empty outside of one"),
        ("budget.name", "string", "name of the budget"),
        ("budget.monthly", "number", "its limit on the month, null if it has none"),
        ("budget.increase", "number", "its limit on what a change adds, null if it has none"),
        ("budget.increase_percent", "number", "its limit on what a change adds in percent, null if it has none"),
        (
            "budget.cost.monthly",
            "number",
            "monthly cost of its resources after the change; unknown if part of it has no price",
        ),
        ("budget.cost.known", "number", "the part of it that is known: a lower bound"),
        (
            "budget.cost.with_usage",
            "number",
            "the same as `monthly`, but unknown too if usage that it depends on is not given",
        ),
        (
            "budget.cost.assumed_usage",
            "number",
            "what usage costs that `--assume-usage` assumes; no other amount holds it, 0 without a profile",
        ),
        ("budget.cost.before", "number", "monthly cost before the change; unknown if part of it has no price"),
        ("budget.cost.delta", "number", "what the change adds to the month; unknown if part of it has no price"),
        (
            "budget.cost.known_delta",
            "number",
            "the part of the delta that is known: a lower bound, unknown where there is none",
        ),
        ("budget.cost.delta_percent", "number", "the delta in percent of what was; null where that is 0"),
        ("budget.cost.known_delta_percent", "number", "`known_delta` in percent of what was; null where that is 0"),
        (
            "budget.cost.unpriced",
            "number",
            "how many of its resources have no price or only part of one, including what was not evaluated",
        ),
        ("budget.cost.not_evaluated", "number", "how many blocks that may be among them were not evaluated"),
        ("budget.spend", "number", "its limit on what is billed in its period, null if it has none"),
        ("budget.period", "string", "month, quarter or year"),
        (
            "budget.spent.known",
            "number",
            "what bills say of the period so far, at least; unknown without a snapshot of the ledger, or where that is too old",
        ),
        ("budget.spent.most", "number", "the same, at most: with charges of which nothing tells whose they are"),
        (
            "budget.projected.known",
            "number",
            "what the period comes to, at least: what is spent, and the rest of it at the cost after the change",
        ),
        (
            "budget.projected.most",
            "number",
            "the same, at most; unknown where part of the cost has no price; usage that is not given is left out",
        ),
        (
            "budget.projected.within",
            "bool",
            "whether that stays within `spend`: false if `known` does not, true if `most` does, else unknown; null without `spend`",
        ),
        (
            "budget.forecast.known",
            "number",
            "what the period will come to without this change, at least; unknown without a snapshot of the ledger, or where that is too old",
        ),
        ("budget.forecast.most", "number", "the same, at most: with charges of which nothing tells whose they are"),
        (
            "budget.forecast.low",
            "number",
            "above which it will be in four cases of five; unknown where there is too little history",
        ),
        ("budget.forecast.high", "number", "below which it will be in four cases of five; unknown likewise"),
        (
            "budget.forecast.with_change",
            "number",
            "`known` with what the change adds if it is merged now; unknown if part of that has no price",
        ),
        (
            "budget.forecast.within",
            "bool",
            "whether the forecast with this change stays within `spend`: false if it does not without charges of nobody, true if it does with them, else unknown; null without `spend`",
        ),
        ("budget.open.pull_requests", "number", "open pull requests beside this one that change what it comes to"),
        ("budget.open.added", "number", "what they add to the period if they are merged now"),
        ("budget.open.if_all_merge", "number", "the forecast with this change and all of them"),
        ("currency", "string", "currency of all amounts: `USD`"),
        ("now", "string", "the time of the run: `2026-01-31T12:00:00Z`"),
        ("today", "string", "its day: `2026-01-31`"),
    )
)
"""Every name that an expression may use, beside `params` and `variables` of its own rule."""

FUNCTIONS = tuple(
    Variable(*row)
    for row in (
        (
            "resource.references(type)",
            "list",
            "resources and data sources (`data.aws_ami`) of a type that it refers to; each has what `resource` has",
        ),
        ("resource.referrers(type)", "list", "resources of a type that refer to it"),
        (
            "plan.cost.by_tag(key)",
            "map",
            'value of a tag -> what its resources cost, as `by_module`; "" is what lacks the tag: `plan.cost.by_tag("team")["shop"].monthly`',
        ),
        (
            "price.of(resource, attributes)",
            "number",
            'its monthly cost with other attributes: `price.of(resource, {"instance_type": "m7g.large"})`',
        ),
    )
)
"""Functions that look at the plan. A type may be a glob and has to be written out, or be a parameter; without one, all are meant."""
