"""Functions that read files: confined to the checkout, bounded, and equal to real Terraform's within it."""

import os
from hashlib import sha1

import pytest

from guardrail.terraform.language.functions.file_reader import MOST_BYTES, FileReader
from guardrail.terraform.language.values import Cause
from tests.terraform.language.agreement import FAILED, UNKNOWN, Root, agrees, answers, told

FILES = {
    "hello.txt": b"Hello World",
    "files/hello.txt": b"Hello",
    "files/world.txt": b"World\r\n",
    "files/.hidden": b"",
    "files/deep/er/a.yaml": b"a: 1",
    "files/deep/b.yml": b"b",
    "files/odd[1].txt": b"",
    "latin.bin": b"\xff\xfe",
    "t.tftpl": b"%{ for x in list ~}\n${upper(x)}:${port}\n%{ endfor ~}\n",
    "bad.tftpl": b"${missing}",
    "again.tftpl": b'${templatefile("again.tftpl", {})}',
}
EXPRESSIONS = """\
file("hello.txt")
file("./files/../hello.txt")
file("${path.module}/files/world.txt")
file("none.txt")
file("files")
file("latin.bin")
file(sensitive("hello.txt"))
file("")
filebase64("latin.bin")
filemd5("hello.txt")
filesha1("hello.txt")
filesha256("latin.bin")
filesha512("hello.txt")
filebase64sha256("hello.txt")
filebase64sha512("hello.txt")
filesha1("none.txt")
fileexists("hello.txt")
fileexists("none.txt")
fileexists("files")
fileset(path.module, "files/*.txt")
fileset(path.module, "files/{hello,world}.txt")
fileset("${path.module}/files", "*")
fileset("${path.module}/files", "**")
fileset("files", "**/*.{yml,yaml}")
fileset("files", "deep/**")
fileset("files", "[hw]*.txt")
fileset("files", "[^h]*.txt")
fileset("files", "?orld.txt")
fileset("files", "hello.txt")
fileset("files", "none/*")
fileset("none", "*")
fileset("files", "./hello.txt")
fileset("files", "odd\\\\[1].txt")
fileset(".", "*.t*l")
[for name in fileset("files", "**") : basename(name)]
templatefile("t.tftpl", { list = ["a", "b"], port = 80 })
templatefile("t.tftpl", { list = [], port = 80 })
templatefile("bad.tftpl", {})
templatefile("bad.tftpl", { missing = "here" })
templatefile("bad.tftpl", { missing = 5 })
templatefile("bad.tftpl", { "no-name!" = 1, missing = 1 })
templatefile("again.tftpl", {})
templatefile("none.tftpl", {})
templatefile("bad.tftpl", ["missing"])
""".splitlines()


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def test_files_agree_with_terraform(folder):
    theirs = answers(folder, "", EXPRESSIONS)
    for name in ("main.tf", "tfplan"):
        (folder / name).unlink()
    scope = Root(folder, "")
    ours = {text: told(text, scope)[0] for text in EXPRESSIONS}
    assert {
        text: (ours[text], answer)
        for text, (answer, _) in theirs.items()
        if ours[text] == UNKNOWN or (ours[text] == FAILED) != (answer == FAILED) or not agrees(ours[text], answer)
    } == {}


@pytest.fixture
def inside(folder):
    """The scope of a folder in a checkout, beside which there is a secret, and into which links lead."""
    checkout = folder / "checkout"
    (checkout / "module").mkdir(parents=True)
    (folder / "secret").write_text("secret", encoding="utf-8")
    (checkout / "common.txt").write_text("shared", encoding="utf-8")
    (checkout / "module/large.txt").write_bytes(b"x" * (MOST_BYTES + 1))
    (checkout / "module/link").symlink_to(folder / "secret")
    (checkout / "module/folder").symlink_to(folder)
    os.mkfifo(checkout / "module/pipe")
    return Root(checkout / "module", "", FileReader(checkout, checkout / "module"))


@pytest.mark.parametrize(
    "expression",
    [
        'file("../../secret")', 'file("link")', 'file("folder/secret")', 'filesha1("link")', 'filebase64("link")', 'fileexists("link")', 'fileexists("../../none")',
        'file("/etc/hostname")', 'file("~/.ssh/config")', 'fileset("..", "../*")', 'fileset("../..", "*")', 'fileset("folder", "*")', 'fileset(".", "**")', 'templatefile("link", {})',
        'file("large.txt")', 'templatefile("large.txt", {})',
    ],
)  # fmt: skip
def test_what_lies_outside_the_checkout_or_is_too_large_is_unknown(inside, expression):
    value = inside.value(expression)
    assert value.is_unknown
    assert value.raw.cause == Cause.NOT_EVALUATED
    assert "file" in value.raw.why or "pattern" in value.raw.why


def test_within_the_checkout_every_file_is_read(inside):
    assert told('file("../common.txt")', inside)[0] == "shared"
    assert told('filesha1("large.txt")', inside)[0] == sha1(b"x" * (MOST_BYTES + 1), usedforsecurity=False).hexdigest()
    assert told('file("pipe")', inside)[0] == FAILED


def test_the_reader_tells_what_a_result_depends_on(folder):
    files = FileReader(folder, folder)
    scope = Root(folder, "", files)
    assert told('[file("hello.txt"), fileexists("none"), fileset("files", "*.txt")]', scope)[0][1] is False
    assert {folder / "hello.txt", folder / "none", folder / "files"} <= files.looked
