"""Where a report is read, and the addresses that it can point to from there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct, field


class Frame(Struct, frozen=True):
    """Where the body is to be posted: what tells it from other comments, and addresses that it can point to.

    key       shown in the headline, where a change has several reports
    commit    that the report is of
    run_url   of the run that made it
    blob_url  of the repository's files at that commit, with a slash at its end
    files     project name and file of a finding to the file's path in the repository
    """

    key: str = ""
    commit: str = ""
    run_url: str = ""
    blob_url: str = ""
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def line_url(self, project: str, file: str, line: int | None) -> str:
        """Return the address of a line, where the file is known to be there; "" if not."""
        path = self.files.get((project, file))
        if not path or not self.blob_url:
            return ""
        return f"{self.blob_url}{quote(path)}" + (f"#L{line}" if line is not None else "")


NO_FRAME = Frame()
