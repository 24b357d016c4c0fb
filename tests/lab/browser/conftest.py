"""A real browser on a real lab: its server in a thread, Debian's Chromium, and what no page may ever do."""

from __future__ import annotations

import shutil
import threading

import pytest
from page import Page

import needs


@pytest.fixture(scope="package")
def address():
    from backlit.lab.served.server import listen, serve

    found, is_ready = listen(), threading.Event()
    threading.Thread(target=serve, args=(found, None, is_ready.set), daemon=True).start()
    assert is_ready.wait(30)
    return found


# not of the session: its event loop would stand in the way of all others' asyncio
@pytest.fixture(scope="package")
def chromium():
    needs.require("playwright")
    needs.require("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, address):
    """Opens the lab: ``open_page("Step", width=360, scheme="dark")``. Whatever a page did wrong fails the test."""
    opened = []

    def open_(activity="Step", *, width=1440, scheme="light", fragment="", before=lambda page: None):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        page = Page(context.new_page(), address)
        opened.append((context, page))
        before(page.tab)
        page.load(fragment)
        if activity:
            page.go(activity)
        return page

    yield open_
    for context, page in opened:
        wrong, strangers = page.wrong, page.strangers
        context.close()
        assert not wrong, wrong
        assert not strangers, f"requests that left this machine: {strangers}"
