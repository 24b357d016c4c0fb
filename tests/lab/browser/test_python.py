"""Python in the browser: with Pyodide's part played by this Python, and the real Pyodide as far as it goes."""

from __future__ import annotations

import json
import mimetypes

import pytest

import needs
from backlit.lab import site
from backlit.lab.in_browser import BrowserLab, sources
from backlit.lab.served.page import page_files

# What the loader uses of Pyodide. `lab` is asked through requests that wait, and answered by the test.
PLAYED = """
const ask = (path, body) => {
  const request = new XMLHttpRequest();
  request.open("POST", path, false);
  request.send(body);
  return JSON.parse(request.responseText);
};
export const loadPyodide = async () => {
  const done = [];
  let push;
  const lab = {
    handle: (message) => ask("/handle", message),
    turn: () => {
      const { more, pushed } = ask("/turn", "");
      pushed.forEach(push);
      return more;
    },
  };
  return {
    lockfile: { packages: { numpy: {}, polars: {} } },
    loadPackage: async (names) => done.push(...names),
    unpackArchive: (archive, format, { extractDir }) => done.push(`${format} in ${extractDir}`),
    runPython: (code) => done.push(code),
    globals: { set: (name, value) => { push = value; }, get: () => { globalThis.done = done; return lab; } },
  };
};
"""


def serve(tab, more):
    """Answer a page's requests with the site's files, and `more`: bytes, or a function from a body to them."""
    files = {path: content for path, (content, _) in page_files().items() if path != "/"}
    files |= {"/": site._python_page().encode(), "/python.zip": sources()}

    def answer(route):
        path = "/" + route.request.url.partition("//")[2].partition("/")[2].partition("#")[0]
        found = files.get(path) or more(path)
        if callable(found):
            found = found(route.request.post_data or "")
        if found is None:
            route.fulfill(status=404)
        else:
            route.fulfill(body=found, content_type=mimetypes.guess_type(path)[0] or "text/html")

    tab.route("**/*", answer)


def test_a_lab_on_python_in_the_browser_steps_and_plays(open_page):
    pushed = []
    lab = BrowserLab(pushed.append)

    def turn(_):
        pushed.clear()
        return json.dumps({"more": lab.turn(), "pushed": pushed})

    played = {"/pyodide/pyodide.mjs": PLAYED, "/handle": lambda body: json.dumps(lab.handle(body)), "/turn": turn}
    page = open_page("Step", before=lambda tab: serve(tab, played.get))
    done = page.tab.evaluate("() => globalThis.done")
    assert done[:4] == ["numpy", "import numpy", "polars", "zip in /backlit"]
    assert "BrowserLab(push)" in done[4]
    page.button("Next").click()
    page.wait_for_formula("z.3.1")
    page.go("Train")
    page.tab.locator(".play").click()
    page.wait_for("() => Number(document.querySelector('[data-epoch]').textContent) > 3")
    page.tab.locator(".play").click()
    page.wait_for("() => document.querySelector('.play').textContent.includes('Play')")
    assert lab._session.state.history.position > 3


@pytest.mark.thorough
@pytest.mark.needs("pyodide")
def test_the_real_pyodide_loads_and_says_what_it_lacks(chromium, address):
    folder = needs.PYODIDE
    context = chromium.new_context()
    tab = context.new_page()
    try:
        serve(tab, lambda path: there.read_bytes() if (there := folder / path.rpartition("/")[2]).is_file() else None)
        tab.goto(address.url)
        told = tab.locator(".banner.bad").text_content(timeout=60_000)
        assert "has no NumPy. Take its full distribution" in told
        # what needs no NumPy can be imported as it was packed, and what does asks for nothing else first
        found = tab.evaluate(
            """async () => {
              const { loadPyodide } = await import("/pyodide/pyodide.mjs");
              const pyodide = await loadPyodide({ indexURL: new URL("/pyodide/", location.href).href });
              const archive = await (await fetch("/python.zip")).arrayBuffer();
              pyodide.unpackArchive(archive, "zip", { extractDir: "/backlit" });
              return pyodide.runPython(`
import sys
sys.path.insert(0, "/backlit")
import backlit, backlit.lab.limits
try:
    import backlit.lab.in_browser
except ModuleNotFoundError as error:
    found = error.name
found`);
            }"""
        )
        assert found == "numpy"
    finally:
        context.close()


def test_a_folder_without_pyodide_is_named(chromium, address):
    context = chromium.new_context()
    tab = context.new_page()
    try:
        serve(tab, lambda path: None)
        tab.goto(address.url)
        assert "There is no Pyodide in pyodide/" in tab.locator(".banner.bad").text_content(timeout=20_000)
    finally:
        context.close()
