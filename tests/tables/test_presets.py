from dataclasses import fields

import numpy as np
import polars as pl
import pytest

from backlit.core.dropout import Dropout
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.tables.presets import (
    PRESETS,
    TableFacts,
    batch_size_for,
    best_epochs_for,
    bins_for,
    epochs_for,
    tabular,
)
from backlit.tables.rate_finder import find_table_rate


def wavy(n=600):
    rng = np.random.default_rng(0)
    a, b, word = rng.uniform(-3, 3, n), rng.standard_normal(n), rng.choice(["x", "y", "z"], n)
    number = np.sin(3 * a) + (word == "x") * b
    kind = np.where(number > 0.7, "high", np.where(number < -0.7, "low", "middle"))
    return pl.DataFrame({"a": a, "b": b, "word": word, "number": number, "kind": kind})


@pytest.mark.parametrize("name", PRESETS)
def test_every_option_of_a_preset_is_one_of_training_and_fits_the_others(name):
    for task in ("classification", "regression"):
        for n_rows in (1, 10, 4_999, 5_000, 10**7):
            for may_fold in (True, False):
                table = TableFacts(task, n_rows, may_fold=may_fold)
                options = PRESETS[name](table)
                assert options.keys() <= {field.name for field in fields(TableTraining)}
                made = TableTraining(preset=name).for_table(table)
                assert all(getattr(made, option) == value for option, value in options.items())


def test_what_is_given_is_kept_though_it_is_the_plain_default():
    plain = TableTraining()
    by_difference = TableTraining(preset="tabular", epochs=7, dropout=0.3).for_table(TableFacts("regression", 1000))
    assert (by_difference.epochs, by_difference.dropout, by_difference.hidden) == (7, 0.3, (256, 256, 256))
    assert by_difference.patience == 7  # and not the epochs that were not given
    named = TableTraining(preset="tabular", given=frozenset({"hidden"})).for_table(TableFacts("regression", 1000))
    assert named.hidden == plain.hidden
    assert named.epochs == epochs_for(1000)
    assert plain.for_table(TableFacts("regression", 1000)) == plain
    alone = TableTraining(preset="tabular-best", given=frozenset({"members"})).for_table(TableFacts("regression", 1000))
    assert (alone.members, alone.sharing) == (1, None)


def test_the_best_networks_leave_rows_out_where_nothing_else_was_asked_for():
    def made(n_rows, *, may_fold=True, **given):
        facts = TableFacts("regression", n_rows, may_fold=may_fold)
        training = TableTraining(preset="tabular-best", given=frozenset(given), **given).for_table(facts)
        return training.folds, training.members, training.sharing

    assert made(1000) == (8, 1, None)
    assert made(1000, may_fold=False) == made(79) == (1, 8, "mini")
    assert made(1000, folds=1) == (1, 8, "mini")
    assert made(1000, folds=5) == (5, 8, "mini")
    assert made(1000, members=3) == (1, 3, "mini")
    assert made(1000, sharing=None) == (1, 8, None)
    assert made(1000, solver="lbfgs") == (1, 1, None)


def test_rows_to_stop_by_take_the_place_of_folds():
    table = wavy(200).drop("kind")
    few = TableTraining(preset="tabular-best", hidden=(4,), epochs=1, given=frozenset({"hidden", "epochs"}))
    all_rows = TableModel.train(table[:150], "number", few)
    given = TableModel.train(table[:150], "number", few, validation_table=table[150:])
    assert all_rows.training["folds"]["n"] == all_rows.n_members == 8
    assert all_rows.training["folds"]["scores"].keys() >= {"r2", "rmse"}
    assert "folds" not in given.training
    assert given.n_members == 8


def test_labels_are_smoothed_for_cross_entropy_alone():
    assert TableTraining(preset="tabular").for_table(TableFacts("classification", 100)).label_smoothing == 0.1
    assert (
        TableTraining(preset="tabular", loss="quadratic").for_table(TableFacts("classification", 100)).label_smoothing
        == 0
    )
    assert TableTraining(preset="tabular").for_table(TableFacts("regression", 100)).label_smoothing == 0


def test_epochs_and_batches_follow_the_number_of_rows():
    assert [epochs_for(n) for n in (1, 1000, 20_000, 10**6)] == [128, 128, 40, 32]
    assert [best_epochs_for(n) for n in (1000, 12_500, 10**6)] == [128, 32, 24]
    assert [batch_size_for(n) for n in (1, 3, 60, 1000, 5000)] == [1, 1, 15, 64, 256]


def test_bins_are_fewer_for_many_columns_and_for_many_or_few_rows():
    def bins(n_rows, n_numbers):
        return bins_for(TableFacts("regression", n_rows, n_numbers), 32)

    piecewise = {"numbers": "piecewise", "bins_above": 20}
    assert bins(1000, 0) == bins(1000, 64) == piecewise | {"n_bins": 32}
    assert bins(1000, 128) == piecewise | {"n_bins": 16}
    assert bins(10**6, 20) == piecewise | {"n_bins": 13}
    assert bins(50, 3) == bins(200, 3) == piecewise | {"n_bins": 8}
    assert bins(600, 3) == piecewise | {"n_bins": 20}
    assert bins(1000, 513) == bins(10**8, 1) == {"numbers": "scaled"}


def test_categories_have_more_places_where_there_is_room():
    def places(n_rows, n_categories):
        return tabular(TableFacts("regression", n_rows, 1, n_categories))["max_categories"]

    assert [places(1000, 0), places(1000, 3), places(10**6, 2), places(10**8, 9)] == [256, 256, 134, 50]


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize(
    "given",
    [
        {"solver": "lbfgs", "preset": "tabular-best"},
        {"solver": "sgd"},
        {"solver": "gd"},
        {"parametrization": "standard", "given": frozenset({"parametrization"})},
    ],
)
def test_what_does_not_go_with_the_solver_is_left_to_the_plain_options(given, task):
    training = TableTraining(**({"preset": "tabular"} | given)).for_table(TableFacts(task, 1000))
    plain = TableTraining(**given | {"preset": "plain"})
    for name in ("parametrization", "initialization", "zero_output", "learning_rate", "schedule", "patience"):
        assert getattr(training, name) == getattr(plain, name)
    assert training.numbers == "piecewise"
    assert (training.dropout is None) == (given.get("solver") == "lbfgs")
    assert training.members == 1
    assert training.parametric_activation == (task == "classification" and "solver" not in given)


@pytest.mark.parametrize("activation", ["softmax", ("tanh", "softmax")])
def test_neurons_that_are_coupled_have_no_alpha(activation):
    training = TableTraining(preset="tabular", activation=activation, given=frozenset({"activation"}))
    assert not training.for_table(TableFacts("classification", 1000)).parametric_activation


def test_a_value_for_each_layer_says_how_many_layers_there_are():
    for name, value in (("activation", ("tanh", "relu")), ("dropout", Dropout((0.5, 0.2)))):
        training = TableTraining(preset="tabular", given=frozenset({name}), **{name: value})
        assert training.for_table(TableFacts("regression", 1000)).hidden == (256, 256)
    with pytest.raises(InvalidInputError, match="3 activations, but 2 hidden layers"):
        TableTraining(preset="tabular", activation=("tanh",) * 3, hidden=(8, 8))


def test_what_a_preset_chose_is_said():
    said = []
    table = wavy(40).drop("kind")
    TableModel.train(table, "number", TableTraining(preset="tabular", hidden=(8, 4), epochs=1), say=said.append)
    lines = said[[line.startswith("Preset tabular, for a number and 40 rows") for line in said].index(True) :]
    assert "hidden layers of 8,4 silu; numbers of more than 20 different values in 8 bins" in lines[1]
    assert "1 epochs" in lines[2]
    assert "dropout 0.2" in lines[3]
    assert lines[4].endswith("epochs 1, hidden 8,4, in place of what the preset has")
    said.clear()
    TableModel.train(table, "number", TableTraining(hidden=(8,), epochs=1), say=said.append)
    assert not [line for line in said if line.startswith("Preset")]


def test_an_unknown_preset_is_named():
    with pytest.raises(UnknownNameError, match="tabular-best"):
        TableTraining(preset="best")


@pytest.mark.parametrize(
    ("target", "left_out"), [pytest.param("number", "kind", marks=pytest.mark.thorough), ("kind", "number")]
)
def test_the_presets_learn_what_the_plain_options_do_not(target, left_out):
    table = wavy().drop(left_out)
    train, test = table[:450], table[450:]
    metric = "r2" if target == "number" else "accuracy"

    def score(preset):
        return TableModel.train(train, target, TableTraining(preset=preset)).evaluate(test).metrics[metric]

    assert score("tabular") > score("plain") + 0.02


def test_members_in_a_model(tmp_path):
    table = wavy(200).drop("kind")
    options = TableTraining(hidden=(8,), epochs=3, members=3)
    model = TableModel.train(table, "number", options)
    assert model.n_members == 3
    each = [model.member(number).predict(table).values for number in (1, 2, 3)]
    assert not np.allclose(each[0], each[1])
    np.testing.assert_allclose(model.predict(table).values, np.mean(each, axis=0), rtol=1e-5)
    model.save(tmp_path / "model.safetensors")
    loaded = TableModel.load(tmp_path / "model.safetensors")
    assert loaded.predict(table).values.tolist() == model.predict(table).values.tolist()
    assert loaded.evaluate(table).metrics == model.evaluate(table).metrics
    # what is exported is the one network that says the same
    assert loaded.__exportable__().network.sizes[1:] == (24, 1)
    with pytest.raises(ValueError, match="from 1 to 3, but 4 came"):
        model.member(4)


def test_the_rate_of_a_preset_is_found_with_its_other_options_on_one_member():
    table = wavy(100).drop("kind")
    given = frozenset({"hidden"})
    few, one = (
        find_table_rate(
            table, "number", TableTraining(preset=preset, hidden=(8,), given=given), n_steps=30, highest=0.1
        )
        for preset in ("tabular-best", "tabular")
    )
    assert len(few.costs) == len(one.costs)
    assert few.costs[0] == pytest.approx(one.costs[0], rel=0.2)  # n_bins is the preset's: other bins, the same network


def test_a_small_table_is_not_told_of_a_batch_size_that_nobody_asked_for():
    said = []
    TableModel.train(wavy(40).drop("kind"), "number", TableTraining(preset="tabular", epochs=1), say=said.append)
    assert not [line for line in said if "batch size" in line]
