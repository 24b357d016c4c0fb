"""A recorded lesson: the page without Python finds in it all that it asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backlit.documents.strict_json import dump
from backlit.lab.served.page import page_files
from backlit.lab.site import LESSONS, record


@pytest.mark.thorough
def test_a_recorded_lesson_is_whole(open_page):
    files = page_files()
    page = '<!DOCTYPE html><html lang="en"><title>lesson</title><link rel="icon" href="data:,">'
    page += '<div id="lab" data-recording="/lesson.json"></div><script type="module" src="/built/page.js"></script>'
    lesson = dump(record(replace(LESSONS["by-hand"], steps=1)))

    def answer(route):
        path = route.request.url.partition("//")[2].partition("/")[2].partition("#")[0]
        if path == "lesson.json":
            route.fulfill(body=lesson, content_type="application/json")
        elif path == "":
            route.fulfill(body=page, content_type="text/html")
        else:
            content, media_type = files[f"/{path}"]
            route.fulfill(body=content, content_type=media_type)

    lab = open_page("", before=lambda tab: tab.route("**/*", answer))
    for _ in range(7):
        lab.tab.locator(".rail .strong").click()
        lab.tab.wait_for_timeout(60)
    lab.wait_for("() => document.querySelector('[data-position]').textContent === '1'")
    for key in ("z.2.1", "nabla_a.2.2", "delta.3.1", "b_new.3.1", "w_new.2.2.1"):
        for cell in lab.tab.locator(f".cell[data-place='{key}']").all():
            cell.click()
            lab.wait_for_formula(key)
    for activity in ("Demon", "Train", "Take away", "Network", "Data", "Exercise"):
        lab.go(activity)
        lab.tab.wait_for_timeout(100)
        assert lab.tab.locator(".banner.bad").count() == 0, activity
