"""The widget in the notebooks themselves: it opens, steps, plays, and says so where Python has gone."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough
PATIENCE = 60_000
CELL = "import backlit as bl\nlab = bl.Lab()\nlab"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def running(command, folder, **more):
    """A server that keeps its things in a folder, and is ended afterwards."""
    homes = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_CONFIG_HOME")
    env = os.environ | dict.fromkeys(homes, str(folder / "home")) | {"JUPYTER_ALLOW_INSECURE_WRITES": "1"} | more
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def tab_at(chromium, address, scheme="light"):
    """A tab with a page of a server that is about to listen."""
    port = int(address.rpartition(":")[2].partition("/")[0])
    for _ in range(600):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    context = chromium.new_context(viewport={"width": 1300, "height": 1000}, color_scheme=scheme)
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    try:
        tab.goto(address)
        yield tab
    finally:
        context.close()


def step_and_play(tab):
    tab.wait_for_selector(".backlit-lab .main .card")
    before = tab.locator('[data-formula="z.2.1"]')
    before.wait_for()
    tab.get_by_role("button", name="Next", exact=True).click()
    tab.wait_for_selector('[data-formula="z.3.1"]')
    tab.locator(".activities button", has_text="Train").click()
    tab.locator(".play").click()
    until(tab, lambda: int(tab.locator("[data-epoch]").text_content()) > 5)
    tab.locator(".play").click()
    until(tab, lambda: "Play" in tab.locator(".play").text_content())


def until(tab, condition):
    # marimo's page is a shadow, into which locators see and scripts of the page do not
    for _ in range(PATIENCE // 100):
        if condition():
            return
        tab.wait_for_timeout(100)
    raise AssertionError(tab.locator(".backlit-lab").inner_text())


def ask_something(tab):
    tab.locator(".activities button", has_text="Step").click()
    tab.get_by_role("button", name="Next", exact=True).click()


@pytest.mark.needs("jupyterlab")
def test_jupyterlab(chromium, tmp_path):
    book = {
        "cells": [
            {"cell_type": "code", "id": "a", "execution_count": None, "metadata": {}, "outputs": [], "source": CELL}
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "lab.ipynb").write_text(json.dumps(book))
    port = free_port()
    # where pip put their files: beside the packages, or in the environment, which is looked at anyway
    beside = [
        path
        for name in ("jupyterlab", "anywidget")
        if (path := Path(importlib.util.find_spec(name).origin).parents[1] / "share" / "jupyter").is_dir()
    ]
    options = [f"--LabApp.app_dir={path / 'lab'}" for path in beside if (path / "lab" / "static").is_dir()]
    extensions = [str(path / "labextensions") for path in beside]
    command = [
        *("jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={port}", *options),
        *("--IdentityProvider.token=", f"--LabApp.extra_labextensions_path={extensions}"),
    ]
    with running(command, tmp_path, JUPYTER_PATH=os.pathsep.join(map(str, beside))):
        address = f"http://127.0.0.1:{port}"
        with tab_at(chromium, f"{address}/lab/tree/lab.ipynb?reset") as tab:
            tab.get_by_text("| Idle").wait_for()
            tab.locator(".jp-Cell .cm-content").first.click()
            tab.keyboard.press("Shift+Enter")
            step_and_play(tab)
            tab.evaluate(
                """async () => {
                  const { id } = (await (await fetch("/api/kernels")).json())[0];
                  const token = /_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
                  await fetch(`/api/kernels/${id}/restart`, { method: "POST", headers: { "X-XSRFToken": token } });
                }"""
            )
            ask_something(tab)
            told = tab.locator(".backlit-lab .banner.bad").text_content()
            assert "if the kernel was restarted, run the cell of this lab again" in told


@pytest.mark.needs("marimo")
def test_marimo(chromium, tmp_path):
    cell = CELL.replace("\n", "\n    ") + "\n    return"
    (tmp_path / "app.py").write_text(f"import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n    {cell}\n")
    port = free_port()
    command = ["marimo", "run", "app.py", "--headless", "--no-token", "--host=127.0.0.1", f"--port={port}"]
    with running(command, tmp_path) as process, tab_at(chromium, f"http://127.0.0.1:{port}/") as tab:
        step_and_play(tab)
        process.terminate()
        process.wait(30)
        ask_something(tab)
        assert "Python does not answer" in tab.locator(".backlit-lab .banner.bad").text_content()
