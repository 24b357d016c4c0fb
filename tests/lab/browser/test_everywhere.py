"""What holds for every activity: axe finds nothing and nothing is cut off, in light and dark, narrow and wide."""

from __future__ import annotations

import gzip
import os

import pytest
from page import ACTIVITIES

import needs

BUILT = needs.AXE.parents[3] / "src/backlit/lab/built/lab.js"
WHOLE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# the smallest in dark once more, for what colors and widths may change; everything everywhere in soak
FEW = [(1440, "light", WHOLE), (360, "dark", ["color-contrast", "target-size"])]
ALL = [(width, scheme, WHOLE) for width in (360, 768, 1440) for scheme in ("light", "dark")]


def check(page, rules):
    if "axe" not in vars(page):
        page.axe = page.tab.evaluate(needs.AXE.read_text() + ";0") == 0
    found = page.tab.evaluate(
        """async rules => (await axe.run(document, {runOnly: rules})).violations
            .map(v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))])""",
        rules,
    )
    assert not found, found
    assert page.tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than its window"


@pytest.mark.needs("axe")
@pytest.mark.parametrize(("width", "scheme", "rules"), ALL if os.environ.get("BACKLIT_SOAK") else FEW)
def test_axe_finds_nothing(open_page, width, scheme, rules):
    page = open_page("", width=width, scheme=scheme)
    for activity in ACTIVITIES:
        page.go(activity)
        page.tab.wait_for_timeout(150)
        check(page, rules)
        if activity == "Step":
            page.tab.locator(".rail li", has_text="BP2").locator("button").click()
            page.wait_for_formula("delta.2.1")
            check(page, rules)
        if activity == "Exercise":
            page.tab.locator(".set", has_text="BP2").click()
            page.tab.wait_for_selector(".answers")
            check(page, rules)
            page.button("Leave the exercise").click()


def test_the_page_is_small():
    assert len(gzip.compress(BUILT.read_bytes(), 9)) <= 80 * 1024
