"""`guardrail kpi`: the command, its answers, and the tests of KPIs."""
