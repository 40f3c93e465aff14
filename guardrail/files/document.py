"""A format that guardrail writes or checks, as a pydantic model with a JSON Schema."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler


class Document(BaseModel):
    """A part of a format: a closed set of keys, frozen once read."""

    # Most models are parts of others: what checks one is made when it first does.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    @classmethod
    def declared_by(cls) -> type:
        """Return the class whose source has the texts below the fields."""
        return cls

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe keys by the texts below them. pydantic would read the source for that whenever a class is made."""
        from guardrail.files.described import texts_below_fields  # noqa: PLC0415 - only for schemas

        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        texts = texts_below_fields(cls.declared_by())
        for name, info in cls.model_fields.items():
            key = info.alias or name
            if name in texts and key in properties:
                properties[key]["description"] = texts[name]
        return schema
