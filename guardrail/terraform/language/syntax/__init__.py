"""The syntax of Terraform's language: files in its native and its JSON form as bodies, blocks and expressions."""

from guardrail.terraform.language.syntax.parser import (
    ParsedFile,
    comments,
    parse_expression,
    parse_file,
    parse_part,
    parse_template,
)

__all__ = ["ParsedFile", "comments", "parse_expression", "parse_file", "parse_part", "parse_template"]
