"""What a plan leaves to a later one is not evaluated, and no quiet nothing."""

import json

import pytest

from guardrail.terraform.plan.reader import read_plan


def deferred(address, kind, actions, reason="instance_count_unknown", before=None):
    change = {"actions": actions, "before": before, "after": {}}
    named = {"address": address, "type": kind, "mode": "managed", "name": "d", "change": change}
    return {"reason": reason, "resource_change": named}


NEW = deferred("module.m.aws_instance.d[*]", "aws_instance", ["create"])
CHANGED = deferred("azurerm_kubernetes_cluster.d", "azurerm_kubernetes_cluster", ["update"], "absent_prereq", before={})
GONE = deferred("google_sql_database_instance.d", "google_sql_database_instance", ["delete"], "new_reason", before={})

PLANS = [
    ({}, []),
    ({"complete": True}, []),
    ({"complete": False}, [("", "", "", (True, True))]),  # -target
    (
        {"complete": False, "deferred_changes": [NEW]},
        [("module.m.aws_instance.d[*]", "aws_instance", "module.m", (False, True))],
    ),
    ({"deferred_changes": [CHANGED]}, [("azurerm_kubernetes_cluster.d", "azurerm_kubernetes_cluster", "", (True, True))]),
    ({"deferred_changes": [GONE]}, [("google_sql_database_instance.d", "google_sql_database_instance", "", (True, False))]),
    ({"deferred_changes": [{}]}, [("", "", "", (False, True))]),
]  # fmt: skip


@pytest.mark.parametrize("keys, expected", PLANS)
def test_what_is_left_for_later_is_named_with_its_sides(keys, expected):
    text = json.dumps({"format_version": "1.2", "resource_changes": [], **keys})
    (plan,) = read_plan(text.encode(), "plan.json")
    assert [(one.address, one.type, one.module, (one.before, one.after)) for one in plan.not_evaluated] == expected
    assert all(one.later and one.note and one.remedy for one in plan.not_evaluated)


@pytest.mark.parametrize(
    "keys, words",
    [
        ({"complete": False}, "`complete: false`"),
        ({"deferred_changes": [NEW]}, "the number of its instances is not known yet"),
        ({"deferred_changes": [GONE]}, "Terraform does not say why"),
    ],
)
def test_the_reason_is_terraforms(keys, words):
    text = json.dumps({"format_version": "1.2", "resource_changes": [], **keys})
    (plan,) = read_plan(text.encode(), "plan.json")
    assert words in plan.not_evaluated[0].note
