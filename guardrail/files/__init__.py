"""Files that people write: YAML with the line of everything in it, and models that say in one line what is wrong."""

from guardrail.files.checked import checked, examined
from guardrail.files.section import Section
from guardrail.files.yaml_file import Place, YamlFile, parse_yaml, read_yaml

__all__ = ["Place", "Section", "YamlFile", "checked", "examined", "parse_yaml", "read_yaml"]
