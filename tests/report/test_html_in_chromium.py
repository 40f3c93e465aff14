"""The HTML report in a browser, where there is one."""

import json
import re
import shutil
import subprocess

import pytest

from guardrail.report import html_page
from tests.report import samples
from tests.report.html_page import parsed
from tests.report.test_hostile import HOSTILE, report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")

WIDTHS = (390, 1140)
FRAME = """<!doctype html><body><script>
const seen = [];
for (const [place, [width, page]] of PAGES.entries()) {
  const frame = document.createElement("iframe");
  Object.assign(frame, {srcdoc: page, width, height: 800});
  frame.onload = () => {
    const inner = frame.contentWindow, all = [...inner.document.querySelectorAll("*")];
    const wide = inner.document.documentElement.scrollWidth, loaded = inner.performance.getEntriesByType("resource");
    seen[place] = [wide <= width, loaded.length, all.map(one => one.localName).join(" ")];
  };
  document.body.append(frame);
}
window.onload = () => { document.body.textContent = "SEEN" + JSON.stringify(seen) + "NEES"; };
</script>"""


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")
def test_chromium_reads_what_was_written_loads_nothing_and_scrolls_down_alone(tmp_path):
    pages = [(width, html_page(samples.shop())) for width in WIDTHS]
    pages += [(WIDTHS[0], html_page(report(text))) for text in HOSTILE.values()]
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.replace("PAGES", json.dumps(pages).replace("<", "\\u003c")), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}", "--dump-dom"]
    ran = subprocess.run([CHROMIUM, *flags, frame.as_uri()], capture_output=True, timeout=60, check=True)
    shown = re.search(r"SEEN(.*)NEES", ran.stdout.decode())
    assert shown, ran.stderr.decode()
    expected = [[True, 0, " ".join(one.tag for one in parsed(text).elements)] for _, text in pages]
    assert json.loads(shown[1]) == expected
