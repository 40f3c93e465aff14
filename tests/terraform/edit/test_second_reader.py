"""The second reader: an edit after which python-hcl2 cannot read a file, or reads other blocks, is none."""

import pytest

from guardrail.terraform.edit.second_reader import still_reads

FILE = b'resource "a" "b" {\n  size = 1\n}\n'


@pytest.mark.parametrize(
    "before, after, reads",
    [
        (FILE, FILE.replace(b"1", b"2"), True),
        (FILE, FILE.replace(b"1", b"2 }"), False),
        (FILE, FILE + FILE, False),
        (FILE, FILE.replace(b"1", b'"x'), False),
        (b"x = (\n  a\n  .b\n)\n", b"x = (\n  a\n  .c\n)\n", True),  # it has never read that
        (FILE + b"# " + b"-" * 70_000, b"{", True),  # too large for it
    ],
)
def test_what_was_read_is_read(before, after, reads):
    assert still_reads(before, after) is reads
