"""A repository whose change is reviewed on a GitHub of this machine."""

import pytest

from tests.approvals.repository import Repository
from tests.platforms.fake_github import fake_github


@pytest.fixture
def repository(tmp_path, command, monkeypatch):
    (tmp_path / "repository").mkdir()
    with fake_github() as github:
        yield Repository(tmp_path / "repository", command, monkeypatch, github)
