"""What a verdict was made from, as hashes."""

from guardrail.model.runs.hashes import Hashes
from guardrail.model.runs.input import Input, InputKind, Origin

FILES = {"a/x.toml": "1", "a/b/x.toml": "2", "a/y.toml": "3"}


def _files(files, above=""):
    inputs = (Input(f"{above}{name}", InputKind.DEFINITIONS, Origin.BASE, sha) for name, sha in files.items())
    return Hashes("", "").with_inputs(inputs).files


def test_files_that_change_places_are_others_and_where_all_of_them_lie_is_nothing():
    swapped = {**FILES, "a/x.toml": "2", "a/b/x.toml": "1"}
    assert _files(FILES) != _files(swapped)
    assert _files(FILES) == _files(FILES, "/somewhere/") == _files(dict(reversed(FILES.items())), "b/c/")
    assert _files({"a": "1"}) == _files({"b": "1"}) != _files({"a": "2"})
    assert len(_files({"/a": "1", "b": "2"})) == 1
