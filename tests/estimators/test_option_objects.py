"""Frozen objects of options as parameters: get_params, set_params, clone, grid search, pickle, repr."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from backlit import Checkpoint, EarlyStopping, MLPClassifier, MLPRegressor, Network
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.estimators.option_objects import is_option_object
from backlit.training.schedules import Adaptive, Cosine, Step

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)


def test_fields_are_parameters():
    model = MLPClassifier(early_stopping=EarlyStopping(patience=3), learning_rate=Step(5, 0.5))
    deep = model.get_params()
    assert (deep["early_stopping__patience"], deep["early_stopping__monitor"]) == (3, "validation_metric")
    assert (deep["learning_rate__every"], deep["learning_rate__factor"]) == (5, 0.5)
    assert not any("__" in name for name in model.get_params(deep=False))
    assert not any("__" in name for name in MLPClassifier(early_stopping=True).get_params())


def test_setting_a_field_replaces_the_object():
    shared = EarlyStopping(patience=3)
    model, other = MLPRegressor(early_stopping=shared), MLPRegressor(early_stopping=shared)
    assert model.set_params(early_stopping__patience=7, early_stopping__restore_best=False, alpha=1) is model
    assert model.early_stopping == EarlyStopping(patience=7, restore_best=False)
    assert model.alpha == 1
    assert other.early_stopping is shared and shared == EarlyStopping(patience=3)


def test_object_and_field_at_once():
    model = MLPRegressor().set_params(early_stopping__patience=7, early_stopping=EarlyStopping(tolerance=0))
    assert model.early_stopping == EarlyStopping(patience=7, tolerance=0)


def test_all_parameters_can_be_set_as_they_were_got():
    model = MLPRegressor(early_stopping=EarlyStopping("cost"), checkpoint=Checkpoint("run"), learning_rate=Cosine(0.1))
    assert MLPRegressor().set_params(**model.get_params()).get_params() == model.get_params()


def test_errors_say_what_is_wrong():
    with pytest.raises(InvalidInputError, match=r"early_stopping__patience is a field .* but early_stopping is True"):
        MLPRegressor(early_stopping=True).set_params(early_stopping__patience=5)
    model = MLPRegressor(early_stopping=EarlyStopping())
    with pytest.raises(UnknownNameError, match="Did you mean 'patience'"):
        model.set_params(early_stopping__patiense=5)
    with pytest.raises(InvalidInputError, match="patience must be a number of epochs"):
        model.set_params(early_stopping__patience=-5, alpha=3)
    assert (model.early_stopping, model.alpha) == (EarlyStopping(), 0.0001), "a call that fails changes nothing"
    with pytest.raises(ValueError, match="Invalid parameter 'stopping'"):
        model.set_params(stopping__patience=5)


def test_networks_are_data():
    assert is_option_object(Adaptive()) and not is_option_object(Adaptive)
    assert not is_option_object(Network.initialize([2, 1]))
    assert not is_option_object(True) and not is_option_object("adaptive")


def test_clone_pickle_and_repr():
    model = MLPClassifier(early_stopping=EarlyStopping("cost", patience=2), checkpoint=Checkpoint("run"))
    for other in (clone(model), pickle.loads(pickle.dumps(model))):
        assert other.get_params() == model.get_params()
    assert "EarlyStopping(monitor='cost'" in repr(model)
    assert "early_stopping__patience" in model._repr_html_()


def test_grid_search_over_a_field(engine):
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier((8,), random_state=0, engine=engine, learning_rate_init=0.03)
    )
    pipeline.set_params(mlpclassifier__early_stopping=EarlyStopping("cost", tolerance=1.0))
    search = GridSearchCV(pipeline, {"mlpclassifier__early_stopping__patience": [1, 20]}, cv=3).fit(X, Y)
    assert search.best_params_ == {"mlpclassifier__early_stopping__patience": 20}
    assert pipeline.named_steps["mlpclassifier"].early_stopping.patience == 10


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_plain_values_and_objects_are_the_same(cls, engine):
    plain = cls(
        hidden_layer_sizes=(5,), early_stopping=True, n_iter_no_change=3, tol=0.01, random_state=0, engine=engine
    ).fit(X, Y)
    chosen = clone(plain).set_params(early_stopping=EarlyStopping(patience=3, tolerance=0.01)).fit(X, Y)
    assert plain.history_ == chosen.history_ and plain.best_validation_score_ == chosen.best_validation_score_
    for a, b in zip(plain.coefs_, chosen.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_each_quantity_can_be_monitored(engine):
    def fitted(monitor, **others):
        stopping = EarlyStopping(monitor, patience=4, tolerance=0.0, **others)
        return MLPClassifier((8,), early_stopping=stopping, learning_rate_init=0.03, random_state=0, engine=engine)

    on_cost = fitted("cost", restore_best=True).fit(X, Y)
    # all rows are trained on
    assert on_cost.t_ == 150 * on_cost.n_iter_ and on_cost.validation_scores_ is None
    assert on_cost.best_loss_ == min(on_cost.loss_curve_)
    on_validation_cost = fitted("validation_cost").fit(X, Y)
    costs = [record.validation_cost for record in on_validation_cost.history_]
    assert costs[-1] > min(costs) and costs.index(min(costs)) == len(costs) - 1 - 5
    assert on_validation_cost.best_loss_ is None
    assert on_validation_cost.best_validation_score_ == max(on_validation_cost.validation_scores_)


def test_partial_fit_refuses_early_stopping():
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=EarlyStopping"):
        MLPRegressor(early_stopping=EarlyStopping()).partial_fit(X, Y)
