"""The pages in a browser, where there is one: nothing is loaded, nothing runs, and no page is wider than the screen."""

import json
import re
import shutil
import subprocess

import pytest

from tests.dashboard.made import charge, import_
from tests.dashboard.test_made import HOSTILE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
WIDTHS = (360, 768, 1440)
FRAME = """<!doctype html><body><script>
const seen = [];
for (const [place, [width, page]] of PAGES.entries()) {
  const frame = document.createElement("iframe");
  Object.assign(frame, {srcdoc: page, width, height: 800, sandbox: "allow-same-origin"});
  frame.onload = () => {
    const inner = frame.contentWindow, texts = [...inner.document.querySelectorAll("data")];
    const wide = inner.document.documentElement.scrollWidth, loaded = inner.performance.getEntriesByType("resource");
    seen[place] = [wide, loaded.length, texts.map(one => one.value + " " + one.innerText)];
  };
  document.body.append(frame);
}
window.onload = () => { document.body.textContent = "SEEN" + JSON.stringify(seen) + "NEES"; };
</script>"""


def seen(tmp_path, pages):
    """Return what Chromium says of pages: how wide it takes them to be, what they loaded, and all amounts."""
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.replace("PAGES", json.dumps(pages).replace("<", "\\u003c")), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}", "--dump-dom"]
    ran = subprocess.run([CHROMIUM, *flags, frame.as_uri()], capture_output=True, timeout=120, check=True)
    shown = re.search(r"SEEN(.*)NEES", ran.stdout.decode(), re.DOTALL)
    assert shown, ran.stderr.decode()
    return json.loads(shown[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")
def test_without_a_script_october_is_501_247_and_no_page_is_wider_than_360_768_or_1440_pixels(full, run, tmp_path):
    import_(tmp_path, [charge("2026-10", 10 + at, name, f"{name} S3") for at, name in enumerate(HOSTILE)])
    assert run("dashboard", "--out", "site", "--now", "2026-11-20").exit_code == 0
    site, hostile = full / "site", tmp_path / "site"
    team = next(path.name for path in site.glob("team-shop-*.html"))
    single = [
        "index.html",
        "teams.html",
        "allocation.html",
        "budgets.html",
        "anomalies.html",
        "recommendations.html",
        "kpis.html",
        "executive.html",
        team,
    ]
    looked_at = [(width, site / name) for width in WIDTHS for name in single]
    looked_at += [
        (360, path) for path in (hostile / "index.html", hostile / "teams.html", *sorted(hostile.glob("team-x*.html")))
    ]
    found = seen(tmp_path, [(width, path.read_text(encoding="utf-8")) for width, path in looked_at])
    for (width, path), (wide, loaded, _) in zip(looked_at, found, strict=True):
        assert wide <= width, path.name
        assert loaded == 0, path.name
    of_first = found[0][2]
    assert "501.2469999994933 $501.25" in of_first
    assert "340.6039999994933 $340.60" in of_first
    assert "334.919999998943 $334.92" in of_first
