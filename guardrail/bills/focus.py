"""FOCUS 1.2, as charges are written in it: its columns, and what of a charge fills each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

TEXT, NUMBER, MOMENT = "VARCHAR", "DECIMAL(38,18)", "TIMESTAMPTZ"


class FocusColumn(Struct, frozen=True):
    """A column of FOCUS.

    source    an expression of SQL over a charge
    kind      its type in Parquet
    optional  it is left out where no charge fills it: the vendor may not have what it is about
    required  FOCUS wants a value in each row
    shared    what of it falls on those who share the charge, and all of it together
    """

    name: str
    source: str
    kind: str = TEXT
    optional: bool = False
    required: bool = False
    shared: bool = False


def _told(name: str, kind: str = TEXT, *, shared: bool = False) -> FocusColumn:
    """Return a column that only bills in FOCUS have: an import keeps it by its name."""
    source = f"x['{name}']" if kind == TEXT else f"try_cast(x['{name}'] as {kind})"
    return FocusColumn(name, source, kind, optional=True, shared=shared)


def _cost(name: str, source: str) -> FocusColumn:
    return FocusColumn(name, source, NUMBER, required=True, shared=True)


def _priced(column: FocusColumn) -> FocusColumn:
    """Return a column that FOCUS leaves empty for taxes, whatever the bill says there."""
    return replace(column, source=f"case when charge_category is distinct from 'Tax' then {column.source} end")


# ConsumedQuantity is of usage alone; an import takes the priced quantity for one that is not there.
_IS_CONSUMED = "charge_category = 'Usage' and commitment_discount_status is distinct from 'Unused'"

FOCUS = (
    FocusColumn("AvailabilityZone", "availability_zone"),
    _cost("BilledCost", "billed_cost"),
    FocusColumn("BillingAccountId", "billing_account_id", required=True),
    FocusColumn("BillingAccountName", "billing_account_name", required=True),
    _told("BillingAccountType"),
    FocusColumn("BillingCurrency", "billing_currency", required=True),
    FocusColumn("BillingPeriodEnd", "billing_period_end", MOMENT, required=True),
    FocusColumn("BillingPeriodStart", "billing_period_start", MOMENT, required=True),
    _told("CapacityReservationId"),
    _told("CapacityReservationStatus"),
    FocusColumn("ChargeCategory", "charge_category", required=True),
    FocusColumn("ChargeClass", "charge_class"),
    FocusColumn("ChargeDescription", "charge_description"),
    FocusColumn("ChargeFrequency", "charge_frequency", required=True),
    FocusColumn("ChargePeriodEnd", "charge_period_end", MOMENT, required=True),
    FocusColumn("ChargePeriodStart", "charge_period_start", MOMENT, required=True),
    FocusColumn("CommitmentDiscountCategory", "commitment_discount_category"),
    FocusColumn("CommitmentDiscountId", "commitment_discount_id"),
    FocusColumn("CommitmentDiscountName", "commitment_discount_name"),
    _told("CommitmentDiscountQuantity", NUMBER, shared=True),
    FocusColumn("CommitmentDiscountStatus", "commitment_discount_status"),
    FocusColumn("CommitmentDiscountType", "commitment_discount_type"),
    _told("CommitmentDiscountUnit"),
    FocusColumn("ConsumedQuantity", f"case when {_IS_CONSUMED} then consumed_quantity end", NUMBER, shared=True),
    FocusColumn("ConsumedUnit", f"case when {_IS_CONSUMED} and consumed_quantity is not null then consumed_unit end"),
    _cost("ContractedCost", "contracted_cost"),
    _priced(_told("ContractedUnitPrice", NUMBER)),
    _cost("EffectiveCost", "effective_cost"),
    FocusColumn("InvoiceId", "invoice_id"),
    FocusColumn("InvoiceIssuerName", "invoice_issuer_name", required=True),
    _cost("ListCost", "list_cost"),
    _priced(FocusColumn("ListUnitPrice", "list_unit_price", NUMBER)),
    _priced(FocusColumn("PricingCategory", "pricing_category")),
    _told("PricingCurrency"),
    _priced(_told("PricingCurrencyContractedUnitPrice", NUMBER)),
    _told("PricingCurrencyEffectiveCost", NUMBER, shared=True),
    _priced(_told("PricingCurrencyListUnitPrice", NUMBER)),
    _priced(FocusColumn("PricingQuantity", "pricing_quantity", NUMBER, shared=True)),
    _priced(FocusColumn("PricingUnit", "case when pricing_quantity is not null then pricing_unit end")),
    FocusColumn("ProviderName", "provider_name", required=True),
    FocusColumn("PublisherName", "publisher_name", required=True),
    FocusColumn("RegionId", "region_id"),
    _told("RegionName"),
    FocusColumn("ResourceId", "resource_id"),
    FocusColumn("ResourceName", "resource_name"),
    FocusColumn("ResourceType", "resource_type"),
    FocusColumn("ServiceCategory", "service_category", required=True),
    FocusColumn("ServiceName", "service_name", required=True),
    _told("ServiceSubcategory"),
    _priced(FocusColumn("SkuId", "sku_id")),
    # Azure's and Google's meters are ids of a SKU; where FOCUS has no SKU it wants no meter.
    _priced(
        FocusColumn("SkuMeter", "case when sku_id is not null and meter is distinct from sku_price_id then meter end")
    ),
    _priced(_told("SkuPriceDetails")),
    _priced(FocusColumn("SkuPriceId", "sku_price_id")),
    FocusColumn("SubAccountId", "sub_account_id"),
    FocusColumn("SubAccountName", "sub_account_name"),
    _told("SubAccountType"),
    FocusColumn("Tags", "to_json(tags)::varchar"),
    # Not FOCUS's: what AWS's own exports in FOCUS call the meter and the operation, by which they are imported.
    FocusColumn("x_Operation", "operation", optional=True),
    FocusColumn("x_UsageType", "meter", optional=True),
)
"""The columns in FOCUS's order, which is that of the alphabet, and two that AWS adds."""

OURS = tuple(
    FocusColumn(f"x_Guardrail{name}", "")
    for name in ("Address", "Allocation", "Evidence", "Project", "Row", "Source", "Team")
)
"""What guardrail adds: the resource that a charge is of, `direct` or the split that it is a share by, what the resource is told by, its project,
file and row of the bill, its source in the ledger, and whose it is."""


class FocusRow(Struct, frozen=True):
    """A charge of a bill, as FOCUS writes it.

    of      dimension -> value, by which it is told whose it is
    month   like 2026-10
    place     the file of the bill, and the row in it
    evidence  what project and address are told by: id, tag, group (the project alone), or none
    values  texts by the columns that were asked for, None where the charge says nothing
    """

    of: Mapping[str, str | None]
    month: str
    source: str
    place: str
    currency: str
    project: str | None
    address: str | None
    evidence: str
    values: Sequence[str | None]


def columns_of(filled: Iterable[str], others: Iterable[str]) -> list[FocusColumn]:
    """Return the columns of an export, ours aside.

    filled  optional columns that some charge fills
    others  names of what bills have beside FOCUS's columns, as an import has kept them: custom columns begin with x_
    """
    there = set(filled)
    found = [one for one in FOCUS if not one.optional or one.name in there]
    taken = {one.name.casefold() for one in (*FOCUS, *OURS)}
    for name in sorted(others):
        custom = name if name.startswith("x_") else f"x_{name}"
        if name.casefold() not in taken and custom.casefold() not in taken:
            taken.add(custom.casefold())
            found.append(FocusColumn(custom, "x['" + name.replace("'", "''") + "']"))
    return found
