"""The picture of the pull request comment in README.md: the example's comment, rendered by Chromium, in light and dark."""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

FOLDER = Path(__file__).parent / "images"
SUM = FOLDER / "comment.sha256"
WIDTH, HEIGHT = 900, 750
SCHEMES = {"comment.png": "light", "comment-dark.png": "dark"}
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


def checksum(comment: str) -> str:
    """Return the sum of all that decides what the picture shows."""
    return hashlib.sha256((_shown(comment) + STYLE + "".join(SIGNS.values())).encode()).hexdigest() + "\n"


def stale(comment: str) -> bool:
    """Say whether the committed pictures were made from another text, or are missing."""
    made_from = SUM.read_text(encoding="utf-8") if SUM.is_file() else ""
    return made_from != checksum(comment) or not all((FOLDER / name).is_file() for name in SCHEMES)


def draw(comment: str) -> None:
    """Draw the pictures anew. FileNotFoundError without a browser, CalledProcessError if it fails."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError(f"pictures need one of: {', '.join(BROWSERS)}")
    FOLDER.mkdir(exist_ok=True)
    for name, scheme in SCHEMES.items():
        _draw(browser, _page(_shown(comment), scheme), FOLDER / name)
    SUM.write_text(checksum(comment), encoding="utf-8")


def _draw(browser: str, page: str, to: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, picture = Path(folder, "comment.html"), Path(folder, "comment.png")
        source.write_text(page, encoding="utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
        ]
        size = [f"--window-size={WIDTH},{HEIGHT}", "--force-device-scale-factor=1.5"]
        subprocess.run(
            [browser, *options, *size, f"--screenshot={picture}", source.as_uri()],
            check=True,
            capture_output=True,
            timeout=120,
        )
        shown = struct.unpack(">II", picture.read_bytes()[16:24])
        if shown != (WIDTH * 3 // 2, HEIGHT * 3 // 2):
            raise ValueError(f"{to.name} is {shown[0]} x {shown[1]} pixels")
        shutil.copyfile(picture, to)


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
