"""What packs are fetched from: a git repository of an organization, and archives."""

import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from copy import copy

PACK = """\
version: 1
packs: [tagging]
set:
  required-tags: {enforcement: mandatory, params: {required: [team, cost-center]}, final: true}
"""
GPU = """\
id: no-gpu
title: No GPU
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
params: {limit: 8, allowed: [t3, m5]}
tighter: {limit: lower, allowed: fewer}
final: [enforcement, params.limit]
validations: [{expression: params.limit > 0, message: no GPU}]
tests: [{expect: pass, resource: {type: aws_instance}}]
"""


class Organization:
    """A git repository with a pack in packs/base, tagged v1. `commits` are those that have the whole pack."""

    def __init__(self, top):
        self.top = top
        self.commits: list[str] = []
        top.mkdir()
        self.git("init", "-q", "-b", "main")
        (top / "README.md").write_text("rules", encoding="utf-8")
        self.change("pack.yaml", PACK)
        self.change("no-gpu.yaml", GPU, tag="v1")
        del self.commits[0]

    def copy(self, top):
        """Return a copy of it in another folder."""
        copied = copy(self)
        copied.top, copied.commits = shutil.copytree(self.top, top), [*self.commits]
        return copied

    def source(self, ref="v1"):
        """Return what guardrail.yaml says of it."""
        return f"git: 'file://{self.top}', ref: {ref}, subfolder: packs/base"

    def change(self, name, text, tag="main"):
        path = self.top / "packs" / "base" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x")
        if tag != "main":
            self.git("tag", "-f", tag)
        self.commits.append(self.git("rev-parse", "HEAD").strip())

    def git(self, *args):
        ran = subprocess.run(["git", "-C", self.top, *args], capture_output=True, text=True, check=True)  # noqa: S607
        return ran.stdout


def tar(members, mode="w:gz"):
    """Return a tar archive of pairs of `TarInfo` and content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as packed:
        for member, content in members:
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return file.getvalue()


def archive(kind, files):
    """Return an archive of files by name, and its SHA-256."""
    if kind == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in files.items():
                packed.writestr(name, text)
        data = file.getvalue()
    else:
        members = [(tarfile.TarInfo(name), text.encode()) for name, text in files.items()]
        data = tar(members, "w:gz" if kind == "tar.gz" else "w")
    return data, hashlib.sha256(data).hexdigest()
