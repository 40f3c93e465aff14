"""`guardrail schema`: JSON Schemas of our file formats, for editors."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import click

_MODELS = {
    "config": "guardrail.config:ConfigFile",
    "rule": "guardrail.policy:Rule",
    "usage": "guardrail.costs.usage.file:UsageFile",
    "waivers": "guardrail.policy:WaiverList",
    "approvals": "guardrail.approvals.file:ApprovalList",
    "allocation": "guardrail.finops.allocation.file:Allocation",
    "definition": "guardrail.costs.definitions.definition:Definition",
    "overlay": "guardrail.catalog.overlay:OverlayFile",
    "rates": "guardrail.catalog.overlay:RatesFile",
    "kpi": "guardrail.finops.kpis.kpi_file:Kpi",
    "notification": "guardrail.notify.document:NotificationDocument",
    "recommendations": "guardrail.recommend.output.shape:RecommendationsDocument",
    "budget": "guardrail.finops.budgets.shape:BudgetsDocument",
    "kpis": "guardrail.finops.kpis.shape:KpisDocument",
    "savings": "guardrail.finops.savings.shape:SavingsDocument",
    "replay": "guardrail.replay.shape:ReplayDocument",
    "fleet": "guardrail.fleet.shape:FleetDocument",
}
"""Name -> the model that reads or writes the format; loaded when it is asked for."""
NAMES = (*_MODELS, "report")


@click.command(short_help="Print the JSON Schema of a file format, for editors.")
@click.argument("name", type=click.Choice(NAMES))
def schema(name: str) -> None:
    """Print the JSON Schema of a file format.

    Editors with a YAML language server check a file that begins with this line. Each release has its schemas in
    docs/schemas, and `guardrail init` writes the line with their address:

    \b
      # yaml-language-server: $schema=guardrail.schema.json

    \b
    Example:
      guardrail schema config > guardrail.schema.json
    """
    click.echo(schema_text(name), nl=False)


def schema_text(name: str) -> str:
    """Return the JSON Schema of a file format, as it is printed and as docs/schemas has it."""
    return json.dumps(_schema(name), indent=2) + "\n"


def _schema(name: str) -> dict[str, Any]:
    if name == "report":
        from guardrail.report.json.document import report_schema

        return report_schema()
    module, _, model = _MODELS[name].partition(":")
    from guardrail.files import Section
    from guardrail.files.model import model_of

    described = getattr(import_module(module), model)
    described = model_of(described) if issubclass(described, Section) else described
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described.model_json_schema(by_alias=True)}
