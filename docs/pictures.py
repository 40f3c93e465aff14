"""The pictures of the documentation, rendered by Chromium in light and dark: the example's comment, and a page of its ledger."""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

FOLDER = Path(__file__).parent / "images"
SCHEMES = {"": "light", "-dark": "dark"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STYLE = """
:root { --text: #1f2328; --muted: #59636e; --line: #d1d9e0; --page: #ffffff; --head: #f6f8fa; --code: #eff1f3 }
.dark { --text: #f0f6fc; --muted: #9198a1; --line: #3d444d; --page: #0d1117; --head: #151b23; --code: #262c36 }
* { box-sizing: border-box }
body { margin: 0; padding: 12px; background: var(--page); color: var(--text); font: 14px/1.5 "Liberation Sans", Arial, sans-serif }
article { border: 1px solid var(--line); border-radius: 6px; height: 726px; overflow: hidden; position: relative }
article::after { content: ""; position: absolute; inset: auto 0 0; height: 60px; background: linear-gradient(transparent, var(--page)) }
header { background: var(--head); border-bottom: 1px solid var(--line); padding: 8px 16px; color: var(--muted) }
header b { color: var(--text) }
main { padding: 0 16px }
h3 { font-size: 18px; line-height: 1.35; margin: 14px 0 10px }
h4 { font-size: 14px; margin: 16px 0 8px }
ul { margin: 0; padding-left: 24px }
code { background: var(--code); border-radius: 6px; padding: 2px 5px; font: 12px "Liberation Mono", monospace }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid var(--line); padding: 5px 12px }
svg { width: 1em; height: 1em; vertical-align: -0.1em }
"""
# Not every machine has a font with these characters.
SIGNS = {
    "\u274c": '<svg viewBox="0 0 16 16"><path d="M2 2l12 12M14 2L2 14" stroke="#d1242f" stroke-width="4"/></svg>',
    "\u26a0\ufe0f": '<svg viewBox="0 0 16 16"><path d="M8 1l8 14H0z" fill="#f0b72f"/>'
    '<path d="M8 5.5v5M8 12v2" stroke="#1f2328" stroke-width="1.6"/></svg>',
}


@dataclass(frozen=True)
class Picture:
    """A page to draw, in light and in dark.

    shown  all that decides what the picture shows: where it changes, the picture is out of date
    page   the page in a scheme
    """

    name: str
    shown: str
    page: Callable[[str], str]
    width: int
    height: int

    @property
    def files(self) -> dict[str, str]:
        """Names of files, and the schemes that they show."""
        return {f"{self.name}{ending}.png": scheme for ending, scheme in SCHEMES.items()}

    @property
    def checksum(self) -> str:
        """The sum of what it shows."""
        return hashlib.sha256(self.shown.encode()).hexdigest() + "\n"

    @property
    def stale(self) -> bool:
        """Whether the committed pictures were made from something else, or are missing."""
        kept = FOLDER / f"{self.name}.sha256"
        made_from = kept.read_text(encoding="utf-8") if kept.is_file() else ""
        return made_from != self.checksum or not all((FOLDER / name).is_file() for name in self.files)

    def draw(self) -> None:
        """Draw the pictures anew. FileNotFoundError without a browser, CalledProcessError if it fails."""
        browser = next(filter(None, map(shutil.which, BROWSERS)), None)
        if browser is None:
            raise FileNotFoundError(f"pictures need one of: {', '.join(BROWSERS)}")
        FOLDER.mkdir(exist_ok=True)
        for name, scheme in self.files.items():
            self._draw(browser, scheme, FOLDER / name)
        (FOLDER / f"{self.name}.sha256").write_text(self.checksum, encoding="utf-8")

    def _draw(self, browser: str, scheme: str, to: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source, picture = Path(folder, "page.html"), Path(folder, "page.png")
            source.write_text(self.page(scheme), encoding="utf-8")
            options = [
                *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                f"--user-data-dir={folder}/profile",
                f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
            ]
            size = [f"--window-size={self.width},{self.height}", "--force-device-scale-factor=1.5"]
            subprocess.run(
                [browser, *options, *size, f"--screenshot={picture}", source.as_uri()],
                check=True,
                capture_output=True,
                timeout=120,
            )
            shown = struct.unpack(">II", picture.read_bytes()[16:24])
            if shown != (self.width * 3 // 2, self.height * 3 // 2):
                raise ValueError(f"{to.name} is {shown[0]} x {shown[1]} pixels")
            shutil.copyfile(picture, to)


def of_comment(comment: str) -> Picture:
    """Return the picture of the comment on a pull request."""
    shown = _shown(comment)
    decides = shown + STYLE + "".join(SIGNS.values())
    return Picture("comment", decides, lambda scheme: _page(shown, scheme), 900, 750)


def of_dashboard(page: str) -> Picture:
    """Return the picture of a page of `guardrail dashboard`: what stands above and below its content changes with the version."""
    _, _, content = page.partition("<main")
    style = page.partition("<style>")[2].partition("</style>")[0]
    return Picture("dashboard", style + content.partition("</main>")[0], lambda _: page, 1000, 900)


def _shown(comment: str) -> str:
    """Cut what is folded away, and the version and date at the end, which change without changing the picture."""
    return comment.partition("<details>")[0]


def _page(comment: str, scheme: str) -> str:
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(comment)
    for character, sign in SIGNS.items():
        body = body.replace(character, sign)
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body class="{scheme}"><article>'
        f"<header><b>github-actions</b> commented</header><main>{body}</main></article>"
    )
