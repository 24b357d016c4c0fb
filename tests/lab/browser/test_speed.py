"""How long one waits for the lab: until its page can be used, from a click to the picture, from picture to picture."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from page import Page

import backlit as bl

CLICK = """async () => {
  const button = document.querySelector(".rail .strong");
  const state = () => [
    document.querySelector("[data-formula]")?.dataset.formula,
    document.querySelector("[data-position]").textContent,
  ].join();
  const before = state();
  const began = performance.now();
  button.click();
  do await new Promise(requestAnimationFrame);
  while (state() === before);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


COUNT_DRAWINGS = """
  window.drawings = 0;
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    window.drawings += 1;
    return draw.apply(this, given);
  };
"""


@pytest.mark.soak
def test_a_page_can_be_used_two_seconds_after_the_command(chromium):
    # by the clock, as what follows: they want a machine of two processors that is not at work elsewhere
    took = []
    for _ in range(3):
        context, began = chromium.new_context(), time.perf_counter()
        command = [sys.executable, "-m", "backlit", "lab", "--no-browser", "--quiet"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            url = process.stdout.readline().strip()
            Page(context.new_page(), SimpleNamespace(url=url, host=url.split("/")[2])).load()
            took.append(time.perf_counter() - began)
            process.send_signal(signal.SIGINT)
        context.close()
    print(f"usable after {sorted(took)[1]:.2f} s")
    assert sorted(took)[1] < 2


@pytest.mark.soak
def test_the_boundary_of_spirals_is_drawn_ten_times_a_second(open_page):
    page = open_page("Data", before=lambda tab: tab.add_init_script(COUNT_DRAWINGS))
    page.tab.locator("button.set", has_text="two spirals").click()
    page.wait_for("() => document.querySelector('.what').textContent.includes('spirals')")
    page.go("Train")
    page.tab.locator("button.play").click()
    page.tab.wait_for_function("() => window.drawings > 10")
    before, began = page.tab.evaluate("window.drawings"), time.perf_counter()
    time.sleep(3)
    a_second = (page.tab.evaluate("window.drawings") - before) / (time.perf_counter() - began)
    page.tab.locator("button.play").click()
    print(f"drawn {a_second:.1f} times a second")
    assert a_second >= 10


@pytest.mark.soak
def test_stepping_784_100_10_feels_immediate(open_page, tmp_path):
    network = bl.Network.initialize([784, 100, 10], ["tanh", "softmax"], seed=0)
    rng = np.random.default_rng(0)
    document = {
        "sizes": list(network.sizes),
        "weights": [each.tolist() for each in network.weights],
        "biases": [each.tolist() for each in network.biases],
        "activation": list(network.activations),
        "loss": "cross_entropy",
        "x": rng.uniform(0, 1, (2, 784)).round(3).tolist(),
        "y": np.eye(10)[[3, 7]].tolist(),
        "learning_rate": 0.1,
    }
    (tmp_path / "exercise.json").write_text(json.dumps(document))
    page = open_page("Take away")
    page.tab.locator("input[type=file]").set_input_files(tmp_path / "exercise.json")
    page.wait_for("() => document.querySelector('.what').textContent.includes('784-100-10')")
    page.go("Step")
    page.tab.wait_for_selector("[data-formula]")
    # The time of the processor, which is the same on a busy machine: the server's, and the page's one thread's.
    devtools = page.tab.context.new_cdp_session(page.tab)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def works():
        told = devtools.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in told if each["name"] == "TaskDuration")

    clicks = 24  # three whole steps
    page_before, server_before = works(), time.process_time()
    took = sorted(page.tab.evaluate(CLICK) for _ in range(clicks))
    by_page, by_server = (works() - page_before) / clicks, (time.process_time() - server_before) / clicks
    print(f"server {by_server * 1e3:.0f} ms, page {by_page * 1e3:.0f} ms; by the clock {took[clicks // 2]:.0f} ms")
    assert by_server + by_page <= 0.15
