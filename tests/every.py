"""Many small combinations as one test: where to collect, set up and report each would take longer than the check.

`@every("hidden", ACTIVATIONS)` stands where `@pytest.mark.parametrize("hidden", ACTIVATIONS)` would, and can be stacked
as that can. Each combination is tried, also after one has failed, and all that fail are named. They share their
fixtures: a test that changes what a fixture gave wants pytest's own.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable

import pytest

import needs

SHOWN = 3  # so many failures are shown in full


def every(names: str | tuple[str, ...], values: Iterable[object]) -> Callable[[Callable], Callable]:
    """Run the test with each value of an argument, or with each tuple of values of several."""
    names = (names,) if isinstance(names, str) else names
    values = [dict(zip(names, value if len(names) > 1 else (value,), strict=True)) for value in values]
    assert values, f"no values for {names}"

    def decorate(test: Callable) -> Callable:
        single, below = getattr(test, "of_every", (test, [{}]))
        combinations = [value | others for value in values for others in below]

        @functools.wraps(test)
        def all_of_them(**fixtures):
            failures = []
            for combination in combinations:
                try:
                    single(**fixtures, **combination)
                # what is skipped would take the rest along, unseen
                except (Exception, pytest.fail.Exception, pytest.skip.Exception) as failure:
                    failure.add_note(f"with {name_of(combination)}")
                    failures.append((name_of(combination), failure))
            if len(failures) == len(combinations) and all(isinstance(f, pytest.skip.Exception) for _, f in failures):
                raise failures[0][1]
            if failures:
                of_all = f"{len(failures)} of {len(combinations)} combinations"
                named = "; ".join(name for name, _ in failures)
                raise BaseExceptionGroup(f"{of_all} fail: {named}", [failure for _, failure in failures[:SHOWN]])

        all_of_them.of_every = single, combinations
        signature = inspect.signature(test)
        fixtures = [argument for name, argument in signature.parameters.items() if name not in names]
        all_of_them.__signature__ = signature.replace(parameters=fixtures)
        return all_of_them

    return decorate


def in_turn(*registries: Iterable[object]) -> list[tuple[object, ...]]:
    """Each value of each registry beside one of the others, which take turns; in .ci/run each beside every other.

    For values that meet only where their results are multiplied, so that what is wrong with one is wrong beside any.
    """
    registries = [list(registry) for registry in registries]
    if needs.THOROUGH:
        return list(itertools.product(*registries))
    return [tuple(registry[i % len(registry)] for registry in registries) for i in range(max(map(len, registries)))]


def name_of(combination: dict[str, object]) -> str:
    return ", ".join(f"{name}={str(value)[:60]}" for name, value in combination.items())
