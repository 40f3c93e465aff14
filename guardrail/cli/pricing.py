"""`guardrail pricing`: which prices are used, how old they are, and newer ones from the vendors."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from guardrail.cli.options import Moment
from guardrail.errors import ConfigError, did_you_mean

_VENDORS = ("aws", "azure", "gcp")


@click.group(short_help="Which prices are used, how old they are, and newer ones from the vendors.")
def pricing() -> None:
    """Show which prices are used and how old they are, and get newer ones from the vendors' public lists."""


@pricing.command(short_help="Bring newer prices from the vendors' public lists.")
@click.option("--vendor", "vendors", type=click.Choice(_VENDORS), multiple=True, help="Only of these vendors.")
@click.option("--service", "services", multiple=True, help="Only of these services, as `pricing status` names them.")
@click.option("--region", "regions", multiple=True, help="Only for these regions, and for what has no region.")
@click.option("--from", "origin", default="", metavar="DIR|URL", help="A folder of downloaded files, or a mirror.")
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another sync that is running.")
@click.option("--force", is_flag=True, help="Take a list even if more than half of its prices are gone.")
@click.option("--config", type=click.Path(path_type=Path), help="guardrail.yaml, for your own definitions.")
@click.option("--now", type=Moment(), help="Time to note as the time of the sync. Default: now.")
def sync(config: Path | None, now: datetime | None, **values: Any) -> None:
    """Bring newer prices from the vendors' public lists into a catalog of your own, which is used from then on.

    AWS and Azure ask for no account; Google wants a key in GOOGLE_API_KEY, and is left out without one. Only prices
    that some definition can select are kept. The old catalog stays as it is until the new one is whole.

    \b
    Examples:
      guardrail pricing sync --vendor aws --region eu-west-1
      guardrail pricing sync --from /mnt/price-lists
    """
    from guardrail.catalog.sync import Order  # noqa: PLC0415 - only when it runs
    from guardrail.catalog.sync import sync as run  # noqa: PLC0415
    from guardrail.cli.progress import told  # noqa: PLC0415
    from guardrail.costs.wants import wanted  # noqa: PLC0415

    wants = wanted(_library(config))
    known = [service for vendor in values["vendors"] or _VENDORS for service in wants.services(vendor)]
    for service in values["services"]:
        if service not in known:
            fix = did_you_mean(service, known) or "`guardrail pricing status` lists them"
            raise ConfigError(f"no definition asks for prices of {service!r}", fix=fix)
    tell, shown = told()
    with shown:
        path = run(Order(now or datetime.now(UTC), **values), wants, tell)
    click.echo(f"prices are in {path}")


def _library(config: Path | None) -> Any:
    from guardrail.config import Flags, settings  # noqa: PLC0415 - only when it runs
    from guardrail.costs import Library  # noqa: PLC0415

    return Library(settings(Flags(config=config), Path.cwd()).definitions)
