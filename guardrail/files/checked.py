"""What a file says as a section, or one line that says what is wrong with it and where."""

from __future__ import annotations

from typing import TypeVar

from guardrail.errors import GuardrailError
from guardrail.files.remembered import remember, remembered
from guardrail.files.section import Section
from guardrail.files.yaml_file import YamlFile

One = TypeVar("One", bound=Section)


def checked(section: type[One], file: YamlFile, error: type[GuardrailError], *, may_be_empty: bool = False) -> One:
    """Return the file's content as a section: its defaults where the file `may_be_empty`, and is.

    Raises `error` for the first thing that is wrong in it.
    """
    found, faults = examined(section, file, error, may_be_empty=may_be_empty)
    if found is None:
        raise faults[0]
    return found


def examined(
    section: type[One], file: YamlFile, error: type[GuardrailError], *, may_be_empty: bool = False
) -> tuple[One | None, list[GuardrailError]]:
    """Return the file's content as a section, or None and everything that is wrong in it: what helps most comes first."""
    if (known := remembered(section, file.text)) is not None:
        return known, []
    if may_be_empty and file.data is None:
        return section(), []
    from guardrail.files.faults import expected_keys, faults_of  # noqa: PLC0415 - loads pydantic
    from guardrail.files.model import ValidationError, model_of, validated  # noqa: PLC0415

    if not isinstance(file.data, dict):
        fix = expected_keys(model_of(section))
        return None, [error("must hold keys and values", where=file.name, fix=fix)]
    try:
        found = validated(section, file.data)
    except ValidationError as problem:
        return None, faults_of(model_of(section), problem, file, error)
    remember(found, file.text)
    return found, []
