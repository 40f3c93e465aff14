"""A ledger in a folder, and results and states to add to it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import Ledger, open_ledger
from guardrail.ledger.writing.adding import Adding
from guardrail.ledger.writing.importing import Importing
from guardrail.model.report import Event, PullRequest, Revision
from guardrail.model.resource import Action, Ids
from guardrail.report.json.v1 import json_v1
from tests.report import samples

NOW = datetime(2026, 11, 28, 20, 33, tzinfo=UTC)


def result(name="shop", days=0, monthly="35.04", **more):
    """Return the JSON of a check of one project."""
    line = samples.line("NAT gateway", monthly, meter="NatGateway-Hours")
    usage = replace(samples.usage_line("Data processed", unit="GB"), usage_key="monthly_data_processed_gb")
    cost = samples.cost(line, usage)
    here = samples.resource(
        "aws_nat_gateway.n", Action.NO_OP, cost, cost, type="aws_nat_gateway", ids=Ids("nat-1", None)
    )
    gone = samples.resource("aws_instance.old", Action.DELETE, samples.cost(samples.line()))
    odd = samples.resource("aws_foo.x", after=samples.UNSUPPORTED, type="aws_foo")
    report = samples.report(
        [here, gone, odd],
        [samples.finding()],
        name=name,
        generated_at=NOW + timedelta(days=days),
        revision=Revision("a" * 40, "main", Event.PULL_REQUEST),
        pull_request=PullRequest(7, "a" * 40, "ana"),
    )
    return json_v1(replace(report, **more)).encode()


def state(*resources, depth=0):
    """Return the JSON of a state; each resource is an address and its values."""
    rows = [
        {
            "address": address,
            "mode": "data" if address.startswith("data.") else "managed",
            "type": address.removeprefix("data.").split(".")[0],
            "provider_name": f"registry.terraform.io/hashicorp/{address.removeprefix('data.').split('_')[0]}",
            "values": values,
            **more,
        }
        for address, values, more in resources
    ]
    module = {"resources": rows}
    for _ in range(depth):
        module = {"child_modules": [module]}
    return json.dumps({"format_version": "1.0", "values": {"root_module": module}}).encode()


@pytest.fixture
def store(tmp_path):
    return Folder(tmp_path / "ledger")


@pytest.fixture
def add(store):
    """Add results and states to the ledger, and return the paths of what was new."""

    def call(*inputs, project="", now=NOW):
        adding = Adding(now, project, {})
        facts = [fact for data in inputs for fact in adding.facts(data, where="input", store=store)]
        return [fact.path for fact in facts if store.put(fact.path, fact.data)]

    return call


@pytest.fixture
def rows(store):
    """Return the rows of a query over the ledger's views; it is opened again where a file is another."""
    opened: list[tuple[dict[str, bytes], Ledger]] = []

    def call(query):
        files = {path: store.read(path) for path in store.paths()}
        if not opened or opened[-1][0] != files:
            opened[:] = [(files, open_ledger(store))]
        return opened[-1][1].rows(query)

    return call


@pytest.fixture
def bill(store, tmp_path):
    """Import files, given as text or bytes, and return what came of it and what was odd."""

    def call(*contents, name="bill", now=NOW, **more):
        files = []
        for number, content in enumerate(contents):
            files.append(tmp_path / f"{name}{number or ''}.csv")
            files[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
        importing = Importing(more.pop("source", "test"), more.pop("bill_format", ""), now, **more)
        return importing.run(files, store)

    return call
