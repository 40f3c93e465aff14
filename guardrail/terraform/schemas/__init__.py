"""What the resource types of AWS, Azure and Google Cloud look like, as the schemas of their providers have it."""

from guardrail.terraform.schemas.schema import Attribute, Nesting, Schema, resource_schema, schema_names, tables_version
from guardrail.terraform.schemas.shapes import resource_shape

__all__ = ["Attribute", "Nesting", "Schema", "resource_schema", "resource_shape", "schema_names", "tables_version"]
