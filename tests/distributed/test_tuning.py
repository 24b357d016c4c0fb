import pytest

from backlit.distributed.options import Workers
from backlit.distributed.tuning import SEARCHED, Trial, points, try_options, tune
from backlit.documents import strict_json
from backlit.errors import InvalidInputError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from tables import job_of, request_of, write_table


def test_options_are_drawn_around_the_preset_and_the_first_trial_has_it_as_it_is():
    first, *others = points(30, TableTraining(learning_rate=0.04, seed=3), ["dropout"])
    assert first == {}
    assert all(set(point) == set(SEARCHED) - {"dropout"} for point in others)
    assert all(0.0039 <= point["learning_rate"] <= 0.4 for point in others)
    assert len({point["learning_rate"] for point in others}) > 20
    assert others[:4] == points(5, TableTraining(learning_rate=0.04, seed=3), ["dropout"])[1:]  # more come behind
    for point in others:
        TableTraining(**point)


def test_a_trial_leaves_its_model_and_what_it_is_worth(tmp_path):
    job = job_of(request_of(write_table(tmp_path), solver="sgd"), tmp_path)
    for number, point in ((1, {}), (2, {"learning_rate": 1e200, "hidden": (3,)})):
        try_options({"job": job, "results": str(tmp_path), "trial": (number, point)})
    good, bad = (strict_json.parse((tmp_path / f"{k}.json").read_text()) for k in (1, 2))
    assert good["epochs"] == 3
    assert good["score"] > 0.2
    assert TableModel.load(tmp_path / "1.safetensors").network.sizes[1:] == (5, 4, 1)
    assert bad["score"] is None
    assert "diverged" in bad["error"]["message"]
    assert not (tmp_path / "2.safetensors").exists()


def test_trials_need_rows_to_be_compared_on(tmp_path):
    request = request_of(write_table(tmp_path), validation_fraction=0.0)
    with pytest.raises(InvalidInputError, match="rows held out"):
        tune(request, 3)
    with pytest.raises(InvalidInputError, match="at least 1 trial"):
        tune(request, 0, Workers())
    assert Trial(1, {}).why == ""
