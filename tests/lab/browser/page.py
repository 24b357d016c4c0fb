"""The lab's page as a test uses it."""

from __future__ import annotations

import re

ACTIVITIES = ["Data", "Network", "Step", "Demon", "Train", "Exercise", "Take away"]
CELL = re.compile(r"(\w+)\.(\d+)\.(\d+)(?:\.(\d+))?")


class Page:
    """One tab with a lab in it.

    Attributes
    ----------
    tab : playwright's Page
    wrong, strangers : list of str
        Errors of the console, and requests to anything but the lab's own address.
    """

    def __init__(self, tab, address):
        self.tab, self.address = tab, address
        self.wrong, self.strangers = [], []
        tab.set_default_timeout(10_000)
        tab.on(
            "console", lambda message: self.wrong.append(message.text) if message.type in ("error", "warning") else None
        )
        tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        tab.on("request", self._watch)

    def _watch(self, request):
        if not request.url.startswith((f"http://{self.address.host}/", "blob:", "data:")):
            self.strangers.append(request.url)

    def load(self, fragment=""):
        self.tab.goto(f"{self.address.url}{fragment}")
        self.tab.wait_for_selector(".main .card")

    def go(self, activity):
        self.tab.locator(".activities button", has_text=activity).click()
        self.tab.wait_for_selector(f".main h2.sr-only:text-is('{activity}')", state="attached")

    def button(self, name):
        return self.tab.get_by_role("button", name=name, exact=True).first

    def text(self, selector):
        return self.tab.locator(selector).first.text_content().strip()

    def wait_for(self, condition, argument=None):
        self.tab.wait_for_function(condition, arg=argument)

    def wait_for_formula(self, key):
        """Until the number with this key (``delta.2.1``) is worked out, and its sums are reckoned."""
        self.tab.wait_for_selector(f'[data-formula="{key}"]')

    def cells(self):
        """What stands in the tables: (quantity, layer, neuron, k) → text; fields that are typed into as well."""
        found = self.tab.evaluate(
            """() => [...document.querySelectorAll('.twin [data-place]')]
                .map(e => [e.dataset.place, e.textContent.trim()])
                .concat([...document.querySelectorAll('.twin .field')].map(e =>
                    [e.querySelector('label').textContent, e.querySelector('input').value.replaceAll('-', '−')]))"""
        )
        return {_key(name): text for name, text in found}

    def type_into(self, field, text):
        field.fill(str(text))
        field.press("Enter")


def _key(name):
    if match := CELL.fullmatch(name):
        quantity, layer, neuron, k = match.groups()
        return quantity, int(layer), int(neuron), None if k is None else int(k)
    if match := re.fullmatch(r"bias of neuron (\d+) of layer (\d+)", name):
        return "b", int(match[2]), int(match[1]), None
    match = re.fullmatch(r"weight from neuron (\d+) of layer \d+ to neuron (\d+) of layer (\d+)", name)
    return "w", int(match[3]), int(match[2]), int(match[1])
