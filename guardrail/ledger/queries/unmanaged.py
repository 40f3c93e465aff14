"""What bills charge for and no state or run of the ledger has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from msgspec import Struct

from guardrail.ledger.views import Ledger


class Unmanaged(Struct, frozen=True):
    """Usage of one resource in the newest month of its account's bill.

    is_known_account  whether anything of the account is in a state or run: else nothing tells that this is not
    amount            effective cost; None where a row has none
    first, last       days of the month that have charges
    """

    id: str
    account: str
    is_known_account: bool
    service: str
    region: str
    currency: str
    month: str
    source: str
    amount: Decimal | None
    first: date
    last: date
    tags: tuple[str, ...]


def unmanaged(ledger: Ledger) -> Iterator[Unmanaged]:
    """Give resources with an id that were billed up to the last days of their account's bill, and that no state or run has.

    What a commitment is billed by is none.
    """
    rows = ledger.rows(
        """
        with usage as (
            select *, coalesce(sub_account_id, billing_account_id, '') as account from matched
            where charge_category = 'Usage'),
        newest as (select source, account, max(month) as month from usage group by all),
        seen as (
            select source, account, bool_or(address is not null) as is_known,
                max(charge_period_end) as until
            from usage group by all),
        had as (select distinct unnest(forms) as form from _known),
        missing as (
            select distinct resource_id from (
                select resource_id, unnest(normal_forms(resource_id)) as form from usage where resource_id is not null)
            group by resource_id having not bool_or(form in (select form from had)))
        select resource_id, account, any_value(is_known), any_value(service_name), any_value(region_id),
            billing_currency, month, source,
            case when count(effective_cost) = count(*) then sum(effective_cost) end,
            (min(charge_period_start) at time zone 'UTC')::date,
            ((max(charge_period_end) - interval 1 second) at time zone 'UTC')::date,
            list_sort(list_distinct(flatten(list(map_keys(tags)))))
        from usage semi join newest using (source, account, month) semi join missing using (resource_id)
            join seen using (source, account)
        where address is null and resource_id is distinct from commitment_discount_id
        group by resource_id, account, billing_currency, month, source
        having max(charge_period_end) >= max(until) - interval 3 days
        order by account, resource_id, source, billing_currency
        """
    )
    for id_, account, known, service, region, currency, month, source, amount, first, last, tags in rows:
        yield Unmanaged(
            *(id_, account, bool(known), service or "", region or "", currency or "", month, source, amount),
            *(first, last, tuple(tags or ())),
        )
