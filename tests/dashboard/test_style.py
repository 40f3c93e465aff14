"""What everybody can read: contrast in light and dark, structure for screen readers, widths, and paper."""

import re
from itertools import pairwise

import pytest

from guardrail.dashboard.charts.columns import SERIES
from guardrail.dashboard.page import style
from tests.dashboard.conftest import read
from tests.report.html_page import VOID

TEXTS = ("ink", "dim", "link", "warn", "more", "less", "good", "bad")
GROUNDS = ("paper", "panel")


def colours(scheme):
    """Return the colours of a scheme by name."""
    found: dict[str, str] = {}
    for block in re.finditer(r":root \{([^}]*)\}", style()):
        medium = style()[: block.start()].rpartition("@media ")[2] if "@media" in style()[: block.start()] else ""
        inside = medium.count("{") > medium.count("}")
        if not inside or (medium.startswith("(prefers-color-scheme: dark)") and scheme == "dark"):
            found |= dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{3,6})", block[1]))
    return found


def contrast(one, other):
    """Return the ratio of WCAG 2: from 1 to 21."""

    def luminance(text):
        digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_a_contrast_of_4_5_and_so_have_the_numbers_in_columns(scheme):
    found = colours(scheme)
    for text in TEXTS:
        for ground in GROUNDS:
            assert contrast(found[text], found[ground]) >= 4.5, (scheme, text, ground)
    assert contrast(found["warn"], found["note"]) >= 4.5
    assert contrast(found["ink"], found["note"]) >= 4.5
    for number in range(1, SERIES + 1):
        assert contrast(found[f"s{number}"], found["paper"]) >= 4.5, (scheme, number)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_series_that_follow_each_other_differ_in_lightness_and_have_numbers_besides(scheme, shop_site):
    found = colours(scheme)
    for one, other in pairwise(range(1, 7)):
        assert contrast(found[f"s{one}"], found[f"s{other}"]) >= 1.4, (scheme, one, other)
    page = read(shop_site)
    assert [one.text for one in page.all("span") if one.attributes.get("class", "").startswith("key")] == list("1234")


def test_every_page_has_landmarks_a_skip_link_and_headings_in_order(shop_site):
    for path in shop_site.glob("*.html"):
        page = read(shop_site, path.name)
        for tag in ("header", "nav", "main", "footer", "h1"):
            assert len(page.all(tag)) == 1, (path.name, tag)
        skip = page.all("a")[0]
        assert (skip.attributes["href"], page.all("main")[0].attributes["id"]) == ("#main", "main")
        levels = [int(one.tag[1]) for one in page.elements if re.fullmatch("h[1-6]", one.tag)]
        assert all(after - before <= 1 for before, after in pairwise(levels)), path.name
        assert len([one for one in page.all("a") if one.attributes.get("aria-current") == "page"]) == 1, path.name
        assert page.elements[0].attributes["lang"] == "en"


def test_every_chart_has_a_title_and_a_description_and_every_table_a_caption_and_scopes(shop_site):
    for path in shop_site.glob("*.html"):
        page = read(shop_site, path.name)
        ids = {one.attributes["id"]: one.tag for one in page.elements if "id" in one.attributes}
        for one in page.all("svg"):
            if one.attributes.get("role") == "img":
                assert ids[one.attributes["aria-labelledby"]] == "title"
                assert ids[one.attributes["aria-describedby"]] == "desc"
            else:
                hidden = "aria-hidden" in one.attributes or any(each.tag == "svg" for each in one.inside)
                assert hidden, path.name
        tables, captions = page.all("table"), page.all("caption")
        assert len(tables) == len(captions)
        assert all(one.text for one in captions)
        assert all(one.attributes["scope"] in {"col", "row"} for one in page.all("th"))


def test_a_page_needs_no_element_that_runs_or_loads(shop_site):
    tags = {one.tag for path in shop_site.glob("*.html") for one in read(shop_site, path.name).elements}
    assert tags.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form", "image", "use", "foreignobject"}
    )
    assert tags & VOID == {"meta", "wbr"}
