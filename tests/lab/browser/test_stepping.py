"""One step on the page: every number is the trace's, every sum agrees as it is printed, and time goes both ways."""

from __future__ import annotations

import pytest
from printed_sums import SUPERSCRIPTS, sum_of, value_of

from backlit.explanation.plain_text import number
from backlit.lab.commands import act, first_lab
from backlit.lab.talk.protocol import Choose, Edit, Step

PHASES = ["Input", "Forward2", "Forward3", "Cost", "BP1", "BP2", "BP3 BP4", "Update"]


def truth(step, key):
    """The number of the trace that a cell of the page is to show."""
    quantity, layer, neuron, k = key
    j = neuron - 1
    parameters, trace = step.layer_parameters(layer), step.examples[0].layer(layer)
    if k is not None:
        table = {"w": parameters.w, "nabla_w": parameters.step.nabla_w, "w_new": parameters.step.w_after}[quantity]
        return table[j, k - 1]
    return {
        "z": trace.z, "a": trace.a, "sigma_prime": trace.error.sigma_prime, "delta": trace.error.delta,
        "b": parameters.b, "nabla_b": parameters.step.nabla_b, "b_new": parameters.step.b_after,
    }[quantity][j]  # fmt: skip


def check_cells(page, state):
    cells = page.cells()
    assert len(cells) == 3 * 7 + 6 * 3  # neurons, and weights
    wrong = {}
    for key, text in cells.items():
        expected = number(truth(state.explanation, key), 6)
        # fields are typed into, so their powers of ten are written as one types them
        typed = expected.replace("×10", "e").translate(SUPERSCRIPTS)
        if text not in (expected, typed.replace("-", "−")):
            wrong[key] = text, expected
    assert not wrong
    assert page.text("[data-cost]") == number(state.explanation.cost, 6)
    assert page.text("[data-cost-after]") == number(state.explanation.cost_after, 6)


def check_sums(page, key):
    """What the page says of a formula's sums, and what its text comes to."""
    page.wait_for_formula(key)
    shown = value_of(page.text(".formula .result"))
    rows = page.tab.evaluate(
        """() => [...document.querySelectorAll('.equations .right')].map(row => [...row.querySelectorAll('[data-part]')]
            .map(part => [...part.querySelectorAll('math')].map(e => e.outerHTML.replaceAll('&nbsp;', ' '))))"""
    )
    found = [sums for row in rows if (sums := [each for part in row if (each := sum_of(part)) is not None])]
    for *parts, (result, _) in found:
        for value, slack in parts:
            assert abs(value - result) <= slack, (key, float(value), float(result))
    if found:
        assert found[-1][-1][0] == shown
    if any(len(sums) > 1 for sums in found):
        page.tab.wait_for_selector('[data-agrees="true"]')
    return sum(len(sums) > 1 for sums in found)


def test_a_step_phase_by_phase(open_page):
    page, state = open_page("Step"), first_lab()
    check_cells(page, state)
    page.button("Back").click()
    page.wait_for_formula("x.1.1")
    titles, summed = [], 0
    for _ in PHASES:
        titles.append(page.text(".rail [aria-current]"))
        key = page.tab.locator("[data-formula]").get_attribute("data-formula")
        summed += check_sums(page, key)
        if len(titles) < len(PHASES):
            before = page.text(".phase h2")
            page.button("Next").click()
            page.wait_for("before => document.querySelector('.phase h2').textContent !== before", before)
            page.tab.wait_for_timeout(60)
    assert titles == PHASES
    assert summed >= 5
    page.button("Take the step").click()
    page.wait_for("() => document.querySelector('[data-position]').textContent === '1'")
    check_cells(page, act(state, Step())[0])
    page.button("Back in time").click()
    page.wait_for("() => document.querySelector('[data-position]').textContent === '0'")
    check_cells(page, state)
    page.button("Forward in time").click()
    page.wait_for("() => document.querySelector('[data-position]').textContent === '1'")
    page.button("Reset, same seed").click()
    page.wait_for("() => document.querySelector('[data-position]').textContent === '0'")
    check_cells(page, state)


@pytest.mark.thorough
def test_every_cell_is_worked_out_and_adds_up(open_page):
    page = open_page("Step")
    page.tab.locator("[data-place='delta.2.1'].cell").wait_for()
    keys = page.tab.evaluate("() => [...document.querySelectorAll('.twin .cell')].map(e => e.dataset.place)")
    keys = [key for key in keys if ".2.2" not in key]  # the second hidden neuron is as the first
    summed = set()
    for key in keys:
        page.tab.locator(f".cell[data-place='{key}']").click()
        if check_sums(page, key):
            summed.add(key)
        assert page.text(".formula .result") == page.text(f".cell[data-place='{key}']")
    assert summed >= {key for key in keys if key.startswith(("z.", "delta.", "nabla_w.", "b_new.", "w_new."))}


@pytest.mark.thorough
def test_a_wrong_digit_does_not_agree(open_page):
    def spoil(tab):
        def answer(route):
            response = route.fetch()
            text = response.text()
            route.fulfill(response=response, body=text.replace("<mn>0.140241</mn>", "<mn>0.140251</mn>"))

        tab.route("**/commands", answer)

    page = open_page("Step", before=spoil)
    page.tab.locator(".cell[data-place='z.3.1']").click()
    page.wait_for_formula("z.3.1")
    page.tab.wait_for_selector('[data-agrees="false"]')
    assert "do not agree" in page.text(".agree")


@pytest.mark.thorough
def test_summands_lead_to_where_they_come_from(open_page):
    page = open_page("Step")
    page.tab.locator(".cell[data-place='delta.2.1']").click()
    page.wait_for_formula("delta.2.1")
    page.tab.locator("[title='Go to error δ of neuron 1 of layer 3']").click()
    page.wait_for_formula("delta.3.1")
    assert page.text(".law b") == "BP1"
    assert "they agree" in page.text(".check")


@pytest.mark.thorough
def test_edits_are_followed(open_page):
    page, state = open_page("Step"), first_lab()
    # small and large numbers are printed as Python prints them, too
    for i, value in enumerate((0.5, -1.5e-7, 1234567.0)):
        page.type_into(
            page.tab.get_by_label("weight from neuron 2 of layer 1 to neuron 1 of layer 2", exact=True), value
        )
        page.wait_for(f"() => document.querySelector('[data-position]').textContent === '{i + 1}'")
        state = act(state, Edit(layer=2, neuron=1, k=2, value=value))[0]
        check_cells(page, state)


@pytest.mark.thorough
def test_a_batch_is_the_mean_of_its_examples(open_page):
    page = open_page("Step")
    page.type_into(page.tab.get_by_label("Batch: rows"), "1-4")
    page.tab.wait_for_selector("text=Example in view")
    state = act(first_lab(), Choose(rows=(1, 2, 3, 4), example=1))[0]
    check_cells(page, state)
    page.tab.locator(".cell[data-place='nabla_w.3.1.1']").click()
    assert check_sums(page, "nabla_w.3.1.1") == 1
    assert page.tab.locator("[data-summand]").count() == 4
    page.tab.locator("[title='Go to error δ of neuron 1 of layer 3']").nth(2).click()
    page.wait_for("() => document.querySelector('.example select').value === '3'")


@pytest.mark.thorough
def test_the_picture_tells_signs_by_form(open_page):
    page = open_page("Step")
    page.tab.wait_for_selector(".edge.lit", state="attached")
    forms = page.tab.evaluate(
        """() => [...document.querySelectorAll('.edge')].map(e =>
            [e.dataset.place, getComputedStyle(e.querySelector('.line')).strokeDasharray])"""
    )
    for name, dashes in forms:
        _, layer, j, k = name.split(".")
        w = first_lab().network.weights[int(layer) - 2][int(j) - 1, int(k) - 1]
        assert (dashes != "none") == (w < 0), name
    assert page.tab.locator(".bias").count() == 3  # the output's too
    lit = page.tab.evaluate("() => [...document.querySelectorAll('.edge.lit')].map(e => e.dataset.place)")
    assert sorted(lit) == ["w.2.1.1", "w.2.1.2", "w.2.2.1", "w.2.2.2"]
