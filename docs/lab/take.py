"""Take the pictures of lab.md anew: ``python docs/lab/take.py``, with Playwright and Chromium.

They show what the page shows; nothing is drawn by hand.
"""

from __future__ import annotations

import io
import shutil
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from backlit.lab.served.server import listen, serve

HERE = Path(__file__).parent
STEP = ".rail li:has-text('{}') button"


def step(page: Page) -> None:
    """BP2 of the lecture's kind of network: what README shows, too."""
    choose(page, "XOR")
    go(page, "Step")
    page.get_by_label("Batch: rows").fill("2")
    page.locator(STEP.format("BP2")).click()


def wide(page: Page) -> None:
    """A network with three classes."""
    choose(page, "Iris")
    go(page, "Step")
    page.locator(STEP.format("BP2")).click()


def demon(page: Page) -> None:
    """The demon, and the cost along a weight."""
    go(page, "Demon")
    page.get_by_label("Along", exact=True).select_option(label="w³₁₂")


def train(page: Page) -> None:
    """Two spirals after some hundred epochs."""
    choose(page, "Spirals")
    go(page, "Train")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => Number(document.querySelector('[data-epoch]').textContent) > 1500", timeout=60_000)
    page.get_by_role("button", name="Pause", exact=True).click()


def exercise(page: Page) -> None:
    """A mistake of the grader's catalogue: σ′ is missing."""
    go(page, "Exercise")
    page.locator(".set", has_text="BP2").click()
    for i, answer in enumerate(("0.147682", "0.0522")):
        field = page.locator(".answers input").nth(i)
        field.fill(answer)
        field.press("Enter")
        page.wait_for_timeout(300)


def phone(page: Page) -> None:
    """The same on a phone."""
    page.locator(STEP.format("BP1")).click()


PICTURES = {
    # name: what is done, width, height, scheme, address behind /, part of the page
    "step": (step, 1440, 900, "light", "", ".step"),
    "wide": (wide, 1440, 900, "dark", "", ".step"),
    "demon": (demon, 1440, 900, "light", "", ".main"),
    "train": (train, 1440, 900, "dark", "", ".main"),
    "exercise": (exercise, 1440, 900, "light", "", ".step"),
    "phone": (phone, 360, 780, "light", "", None),
    "projector": (step, 1920, 1080, "light", "?projector", None),
}


def choose(page: Page, name: str) -> None:
    """Take a built-in set."""
    go(page, "Data")
    page.locator(".set", has_text=name).first.click()
    page.wait_for_selector(f".set[aria-pressed=true]:has-text('{name}')")


def go(page: Page, activity: str) -> None:
    """Turn to an activity."""
    page.locator(".activities button", has_text=activity).click()


def main() -> None:
    """Take all of them."""
    address, ready = listen(), threading.Event()
    threading.Thread(target=serve, args=(address, None, ready.set), daemon=True).start()
    ready.wait()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (act, width, height, scheme, query, part) in PICTURES.items():
            size = {"width": width, "height": height}
            context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(address.url.replace("/#", f"/{query}#"))
            page.wait_for_selector(".main .card")
            act(page)
            page.wait_for_timeout(800)
            page.evaluate("scrollTo(0, 0)")
            raw = page.locator(part).screenshot() if part else page.screenshot()
            # few colors are all there are
            image = Image.open(io.BytesIO(raw)).convert("RGB").quantize(128)
            image.save(HERE / f"{name}.png", optimize=True)
            context.close()


if __name__ == "__main__":
    main()
