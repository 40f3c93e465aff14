"""`guardrail schema`: JSON Schemas of our file formats, for editors."""

from __future__ import annotations

import json
from typing import Any

import click

NAMES = (
    "config",
    "rule",
    "usage",
    "waivers",
    "approvals",
    "allocation",
    "definition",
    "overlay",
    "rates",
    "kpi",
    "report",
    "notification",
    "recommendations",
    "budget",
    "fleet",
)


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
    from pydantic import BaseModel  # noqa: PLC0415

    from guardrail.approvals.file import ApprovalList  # noqa: PLC0415 - only when it runs
    from guardrail.catalog.overlay import OverlayFile, RatesFile  # noqa: PLC0415 - only when it runs
    from guardrail.config import ConfigFile  # noqa: PLC0415
    from guardrail.costs.definitions.definition import Definition  # noqa: PLC0415
    from guardrail.costs.usage.file import UsageFile  # noqa: PLC0415
    from guardrail.finops.allocation_file import Allocation  # noqa: PLC0415
    from guardrail.finops.budgets.shape import BudgetsDocument  # noqa: PLC0415
    from guardrail.finops.kpis.kpi_file import Kpi  # noqa: PLC0415
    from guardrail.fleet.shape import FleetDocument  # noqa: PLC0415
    from guardrail.notify.document import NotificationDocument  # noqa: PLC0415
    from guardrail.policy import Rule, WaiverList  # noqa: PLC0415
    from guardrail.recommend.output.shape import RecommendationsDocument  # noqa: PLC0415
    from guardrail.report.json.document import report_schema  # noqa: PLC0415

    models: dict[str, type[BaseModel]] = {
        "config": ConfigFile,
        "rule": Rule,
        "usage": UsageFile,
        "waivers": WaiverList,
        "approvals": ApprovalList,
        "allocation": Allocation,
        "definition": Definition,
        "overlay": OverlayFile,
        "rates": RatesFile,
        "notification": NotificationDocument,
        "kpi": Kpi,
        "recommendations": RecommendationsDocument,
        "budget": BudgetsDocument,
        "fleet": FleetDocument,
    }
    if name == "report":
        return report_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **models[name].model_json_schema(by_alias=True)}
