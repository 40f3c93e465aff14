"""Archives that somebody else made: what is plain is read, anything else refuses the whole."""

import io
import tarfile
import zipfile

import pytest

from guardrail.errors import InputError
from guardrail.fetch import archive as module
from guardrail.fetch.archive import read_archive
from guardrail.fetch.content import MAX_ENTRIES
from tests.fetch.sources import archive, tar

RULE = ("a.yaml", b"id: a\n")


def member(name, content=b"", kind=tarfile.REGTYPE, target=""):
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, target
    return found, content


def zipped(*entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            packed.writestr(info, content)
    return file.getvalue()


PLAIN = member(*RULE)
HOSTILE = {
    "an absolute path": (tar([PLAIN, member("/etc/b.yaml")]), "/etc/b.yaml in it is no name"),
    "a path upwards": (tar([PLAIN, member("x/../../b.yaml")]), "x/../../b.yaml in it is no name"),
    "a path upwards that is no rule": (tar([PLAIN, member("../../.bashrc")]), "../../.bashrc in it is no name"),
    "a path of Windows": (tar([PLAIN, member("..\\b.yaml")]), "is no name"),
    "a drive": (tar([PLAIN, member("c:/b.yaml")]), "c:/b.yaml in it is no name"),
    "a line break": (tar([PLAIN, member("b\n.yaml")]), "b\\n.yaml in it is no name"),
    "a symbolic link": (tar([PLAIN, member("b.yaml", kind=tarfile.SYMTYPE, target="/etc/passwd")]), "b.yaml is a link"),
    "a hard link": (tar([PLAIN, member("b.yaml", kind=tarfile.LNKTYPE, target="a.yaml")]), "b.yaml is a link"),
    "a device": (tar([PLAIN, member("b.yaml", kind=tarfile.CHRTYPE)]), "b.yaml is a link or no file"),
    "a name twice": (tar([PLAIN, PLAIN]), "holds a file twice"),
    "a name in two cases": (tar([PLAIN, member("A.yaml")]), "two files of one name, apart from upper and lower case"),
    "a large file": (tar([PLAIN, member("b.yaml", bytes(2_000_001))]), "b.yaml is larger than 2 MB"),
    "many files": (tar([member(f"{n}.yaml") for n in range(1001)]), "holds more than 1,000 rules"),
    "no rules": (tar([member("README.md", b"x")]), "holds no rules"),
    "a large file in a zip": (zipped(("a.yaml", bytes(2_000_001), 0)), "a.yaml is larger than 2 MB"),
    "a link in a zip": (zipped(("a.yaml", b"/etc/passwd", 0o120777)), "a.yaml is a link"),
    "a path upwards in a zip": (zipped(("a.yaml", b"", 0), ("../b.yaml", b"", 0)), "../b.yaml in it is no name"),
    "cut": (tar([PLAIN])[:40], "is damaged, or no .zip, .tar or .tar.gz"),
    "a cut zip": (archive("zip", {"a.yaml": "x"})[0][:-10], "is damaged"),
    "a page": (b"<html>not found</html>", "is damaged, or no .zip"),
    "nothing": (b"", "is damaged"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_not_plain_is_refused(what):
    data, message = HOSTILE[what]
    with pytest.raises(InputError) as caught:
        read_archive(data, "", "https://example.com/pack")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(module, "_MAX_UNPACKED", 100_000)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_archive(tar([PLAIN, member("zeros.bin", bytes(1_000_000))]), "", "x")


def test_entries_without_end_are_not_all_read():
    data = tar([member(f"{number}", kind=tarfile.DIRTYPE) for number in range(MAX_ENTRIES + 5)] + [PLAIN])
    with pytest.raises(InputError, match="holds"):
        read_archive(data, "", "x")


def test_a_zip_that_lies_about_its_sizes_is_refused():
    data = zipped(("a.yaml", bytes(3_000_000), 0)).replace(
        (3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    )
    with pytest.raises(InputError):
        read_archive(data, "", "x")


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize(
    "files, subfolder",
    [
        (["a.yaml", "deep/b.yml", "README.md"], ""),
        (["rules-1.0/a.yaml", "rules-1.0/deep/b.yml"], ""),
        (["rules-1.0/pack/a.yaml", "rules-1.0/pack/deep/b.yml", "rules-1.0/other/c.yaml"], "pack"),
        (["pack/a.yaml", "pack/deep/b.yml"], "pack"),
        (["pack/a.yaml", "pack/deep/b.yml", "other/c.yaml"], "pack/"),
    ],
)
def test_the_rules_of_an_archive_are_told_from_the_pack_s_folder(kind, files, subfolder):
    data, _ = archive(kind, dict.fromkeys(files, "x"))
    assert read_archive(data, subfolder, "x") == {"a.yaml": b"x", "deep/b.yml": b"x"}
