import dataclasses
import math
import re
import struct

import pytest

from backlit.core.network import Network
from backlit.documents import strict_json
from backlit.errors import ModelFileError
from backlit.training.state import EpochRecord, TrainingState, WithinEpoch, state_from_document, state_to_document
from backlit.training.stopping import StoppingState

# every field differs from its default, so that one that is forgotten shows
STATE = TrainingState(
    seed=2**64 - 1,
    rate=0.1 / 3,
    epoch=2,
    rows_seen=60,
    stopping=StoppingState(-1 / 3, 1, 4, True),
    best=Network.initialize([2, 1]),
    history=[
        EpochRecord(1, 1 / 7, 0.1, math.inf, -math.inf),
        EpochRecord(2, 5e-324, 0.1 / 3, 1e308, 1 / 3),
        EpochRecord(3, 0.0, 1.0),
    ],
    within=WithinEpoch(3, 1 / 3, 1e308),
    average=Network.initialize([2, 1], seed=1),
)


def through_json(state):
    return strict_json.parse(strict_json.dump(state_to_document(state)))


def bits(value):
    return struct.pack("d", value) if isinstance(value, float) else value


def test_a_state_comes_back_to_the_bit_with_every_field():
    at_the_end = {"left_off"}  # when no more checkpoints are written
    for part in (STATE, STATE.stopping):
        for field in dataclasses.fields(part):
            if field.default is not dataclasses.MISSING and field.name not in at_the_end:
                assert getattr(part, field.name) != field.default, f"STATE does not test {field.name}"
    assert state_from_document(through_json(STATE), STATE.best, STATE.average) == STATE


def test_nan_and_infinity_come_back():
    state = TrainingState(0, 0.1, history=[EpochRecord(1, 1.0, 0.1, math.nan, math.nan)])
    came = state_from_document(through_json(state), None)
    assert came.stopping.best == math.inf
    assert math.isnan(came.history[0].validation_cost)
    assert math.isnan(came.history[0].validation_metric)


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("seed", -1, "seed"),
        ("seed", 2**64, "seed"),
        ("epoch", True, "epoch"),
        ("epoch", 1.0, "epoch"),
        ("rate", "fast", "rate"),
        ("rate", None, "rate"),
        ("rate", [1.0], "rate"),
        ("stopping", None, "stopping"),
        ("stopping", {"best": 0.0}, "stopping.best_epoch"),
        ("history", 3, "history"),
        ("history", [[1, 2.0]], "history[0]"),
        ("history", [[1, 2.0, 3.0, None, "a lot"]], "history[0][4]"),
        ("history", [[1, None, 3.0, None, None]], "history[0][1]"),
    ],
)
def test_what_is_not_as_it_must_be_is_named(field, value, path):
    with pytest.raises(ModelFileError, match=rf"^state\.{re.escape(path)} (must be|is missing)"):
        state_from_document(through_json(STATE) | {field: value}, None)
    document = through_json(STATE)
    del document[field]
    with pytest.raises(ModelFileError, match=rf"^state\.{field} is missing"):
        state_from_document(document, None)


def test_what_a_recorder_wrote_is_left_to_the_recorder_and_anything_else_is_refused():
    assert state_from_document(through_json(STATE) | {"recorded": {"any": 1}}, STATE.best, STATE.average) == STATE
    with pytest.raises(ModelFileError, match="state has an unknown field 'more'"):
        state_from_document(through_json(STATE) | {"more": 1}, None)
