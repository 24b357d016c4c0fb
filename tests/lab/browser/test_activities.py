"""Each activity as somebody does it; the demon, stepping and an exercise by keyboard alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

import backlit as bl
from backlit.explanation.plain_text import number
from backlit.lab.commands import act, first_lab
from backlit.lab.talk.protocol import Step

HOMES = "size,kind,price\n" + "".join(f"{40 + 7 * i},{['flat', 'house'][i % 2]},{100 + 11 * i}\n" for i in range(40))
MAZUR = {
    "x.1": "0.05", "x.2": "0.10", "w.2.1.1": "0.15", "w.2.1.2": "0.20", "b.2.1": "0.35", "w.2.2.1": "0.25",
    "w.2.2.2": "0.30", "b.2.2": "0.35", "w.3.1.1": "0.40", "w.3.1.2": "0.45", "b.3.1": "0.60", "y.1": "1/100",
}  # fmt: skip


def focused(page):
    return page.tab.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")


def tab_to(page, words, key="Tab"):
    for _ in range(80):
        page.tab.keyboard.press(key)
        if words in (focused(page) or ""):
            return
    raise AssertionError(f"{words!r} cannot be reached by {key}")


@pytest.mark.thorough
def test_stepping_by_keyboard(open_page):
    page = open_page("Step")
    tab_to(page, "Next")
    for _ in range(7):  # it begins at the second of eight phases
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_timeout(80)
    page.wait_for("() => document.querySelector('[data-position]').textContent === '1'")
    assert "Input" in page.tab.locator("[role=status]").inner_text()
    tab_to(page, "x₁")
    page.tab.keyboard.press("ArrowRight")
    page.tab.keyboard.press("ArrowDown")
    page.wait_for("() => document.activeElement.dataset.neuron === 'n.2.2'")
    page.tab.keyboard.press("Enter")
    page.wait_for_formula("a.2.2")
    state = act(first_lab(), Step())[0]
    assert page.text(".formula .result") == number(state.explanation.examples[0].layer(2).a[1], 6)


@pytest.mark.thorough
def test_the_demon_by_keyboard(open_page):
    page = open_page("Demon")
    tab_to(page, "Δz at neuron")
    page.tab.keyboard.press("Home")
    page.wait_for("() => document.querySelector('[role=slider]').ariaValueNow === '-4'")
    for _ in range(2):
        page.tab.keyboard.press("PageUp")
    page.wait_for("() => document.querySelector('[role=slider]').ariaValueText.startsWith('Δz minus 3:')")
    page.wait_for("() => document.querySelector('.halving td').textContent === '−3'")
    step = first_lab().explanation
    report = bl.demon(
        first_lab().network, step.examples[0].x[None], step.examples[0].y[None], layer=2, neuron=1, dz=-3.0
    )
    assert page.text("[data-change]") == number(report.moves[0].change, 6)
    assert page.text("[data-predicted]") == number(report.moves[0].predicted, 6)
    rows = page.tab.locator(".halving tbody tr").all_inner_texts()
    assert [row.split()[1] for row in rows] == [number(move.change, 6) for move in report.moves]
    page.tab.get_by_label("Along", exact=True).select_option(label="w³₁₂")
    page.tab.wait_for_selector("[data-slope]")
    assert page.text("[data-slope]") == number(step.layer_parameters(3).step.nabla_w[0, 1], 6)


@pytest.mark.thorough
def test_an_exercise_by_keyboard(open_page):
    page = open_page("Exercise")
    tab_to(page, "BP2")
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_selector(".answers")
    assert "?" in page.text(".neuron[data-neuron='n.2.1']")
    layers = first_lab().explanation.examples[0].layers
    without_slope = layers[0].error.nabla_a[0]
    for answer, state in [(number(without_slope, 6), "wrong"), (number(layers[0].error.delta[0], 4), "right")]:
        for _ in range(80):
            page.tab.keyboard.press("Tab")
            if page.tab.evaluate("document.activeElement.name") == "answer":
                break
        page.tab.keyboard.press("Control+a")
        page.tab.keyboard.type(answer.replace("−", "-"))
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_selector(f".answers li:first-child[data-state={state}]")
        if state == "wrong":
            assert "σ′" in page.text(".answers li:first-child .words")
            page.tab.keyboard.press("Shift+Tab")
    assert page.text("[data-right]") == "1 of 2 right"


def test_homework(open_page):
    page = open_page("Data")
    for name, text in MAZUR.items():
        page.tab.locator(f"[data-cell='{name}']").fill(text)
    page.button("Work it out").click()
    page.tab.wait_for_selector(".rail")
    document = {
        "sizes": [2, 2, 1], "weights": [[[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45]]], "biases": [[0.35, 0.35], [0.6]],
        "x": [0.05, 0.1], "y": [0.01], "learning_rate": 0.5,
    }  # fmt: skip
    step = bl.explain(bl.Exercise.from_dict(document))
    assert page.text("[data-cost]") == number(step.cost, 6)
    assert page.cells()["w_new", 3, 1, 2] == number(step.layer_parameters(3).step.w_after[0, 1], 6)
    page.go("Data")
    page.tab.locator("[data-cell='b.3.1']").fill("O.6")
    page.button("Work it out").click()
    assert "b of neuron 1 of layer 3 is empty or no number" in page.text(".homework .wrong")


@pytest.mark.thorough
def test_a_table_of_ones_own(open_page, tmp_path):
    (tmp_path / "homes.csv").write_text(HOMES)
    page = open_page("Data")
    page.tab.get_by_label("Open a table", exact=True).last.set_input_files(tmp_path / "homes.csv")
    page.tab.get_by_label("Predict", exact=True).select_option("price")
    page.button("Use it").click()
    page.tab.wait_for_selector("text=a number to predict: price")
    assert "house" in page.text("[aria-label='Columns']")
    page.go("Network")
    page.button("One neuron more in layer 2").click()
    page.tab.wait_for_selector("[role=status]:has-text('The network is now')", state="attached")
    page.go("Train")
    page.button("Play").click()
    page.wait_for("() => Number(document.querySelector('[data-epoch]').textContent) > 3")
    page.button("Pause").click()
    page.tab.wait_for_selector("[aria-label='Cost after each epoch'] path.series")


def test_training_moves_and_stands(open_page):
    page = open_page("Train")
    page.tab.wait_for_selector("canvas")
    page.tab.wait_for_timeout(100)
    before = page.tab.evaluate("document.querySelector('canvas').toDataURL()")
    page.button("Play").click()
    page.wait_for("() => Number(document.querySelector('[data-epoch]').textContent) > 20")
    page.button("Pause").click()
    page.button("Play").wait_for()
    assert page.tab.evaluate("document.querySelector('canvas').toDataURL()") != before
    counts = page.tab.locator(".confusion td").all_inner_texts()
    assert sum(map(int, counts)) == 4
    epoch = page.text("[data-epoch]")
    page.tab.wait_for_timeout(200)
    assert page.text("[data-epoch]") == epoch


@pytest.mark.thorough
def test_what_is_taken_away_opens_again(open_page, tmp_path):
    page = open_page("Step")
    page.button("Next").click()
    page.type_into(page.tab.get_by_label("bias of neuron 1 of layer 3", exact=True), "0.25")
    page.wait_for("() => document.querySelector('[data-position]').textContent === '1'")
    page.go("Take away")

    def take(name):
        with page.tab.expect_download() as coming:
            page.tab.locator("button", has=page.tab.locator(f"b:text-is('{name}')")).or_(
                page.button(name)
            ).first.click()
        target = tmp_path / coming.value.suggested_filename
        coming.value.save_as(target)
        return target

    assert json.loads(take("JSON").read_text())
    assert np.isclose(bl.load_network(take("model")).biases[1][0], 0.25)
    svg = take("SVG").read_text()
    assert svg.startswith("<svg") and "stroke-dasharray" in svg and "data-" not in svg
    assert take("PNG").read_bytes()[:4] == b"\x89PNG"
    kept = take("lab")
    other = open_page("Take away")
    other.tab.locator("input[type=file]").set_input_files(kept)
    other.tab.wait_for_selector(".rail")
    assert other.text("[data-position]") == "1"
    page.tab.locator("button", has=page.tab.locator("b:text-is('Link')")).click()
    link = page.tab.locator("textarea").input_value()
    other.go("Take away")
    other.type_into(other.tab.get_by_label("Or paste a link"), "https://somewhere.example/" + link)
    other.tab.wait_for_selector(".rail")
    assert other.text("[data-position]") == "1"
    third = open_page("", fragment="&" + link.partition("#")[2])
    third.tab.wait_for_selector(".rail")
    assert third.text("[data-position]") == "1"
