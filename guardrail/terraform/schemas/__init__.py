"""What the resource types of AWS, Azure and Google Cloud look like, as the schemas of their providers have it."""

from guardrail.terraform.schemas.schema import Attribute, Nesting, Schema, resource_schema

__all__ = ["Attribute", "Nesting", "Schema", "resource_schema"]
