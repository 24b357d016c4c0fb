"""What is trained on, what a network is validated on, and how rows are set aside for that.

`Source` is what training asks of its rows. `Examples` are rows in memory; those that are read from a cache are
`backlit.tables.stream_rows.StreamedRows`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backlit.core.initialization import Purpose, stream
from backlit.core.network import Network
from backlit.engine.members import seed_of_member
from backlit.engine.protocol import Floats, Inputs, Session
from backlit.errors import InvalidInputError

if TYPE_CHECKING:
    from backlit.training.state import TrainingState


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of an epoch that are trained on in one go: whole batches, but for the last of an epoch.

    Attributes
    ----------
    x : ndarray, CSR matrix, WholeBytes or Picked, ``(n, n_in)``
    y : ndarray, ``(n, n_out)``
    order : ndarray of int64, ``(n_rows,)``, or for members of an ensemble ``(n_members, n_rows)``
        Rows of x in the order in which they are used.
    sample_weight : ndarray, ``(n,)``, or None
    """

    x: Inputs
    y: Floats
    order: NDArray[np.int64]
    sample_weight: Floats | None = None


class Source(Protocol):
    """Rows to train on, or to validate on."""

    @property
    def y(self) -> Floats:
        """Of all rows, ``(n, n_out)``."""
        ...

    @property
    def sample_weight(self) -> Floats | None:
        """What each row counts."""
        ...

    def __len__(self) -> int: ...

    def parts(self, session: Session, batch_size: int, state: TrainingState, *, shuffle: bool) -> Iterator[Part]:
        """Yield the rows of the next epoch; of one that was left in its midst, those from there on."""
        ...

    def copy(self, rows: NDArray[np.int64]) -> Examples:
        """Return some of the rows, apart from all others."""
        ...

    def evaluate(self, session: Session) -> tuple[Floats, float]:
        """Return a^L of all rows, ``(n, n_out)``, and C without the penalty."""
        ...

    def feedforward(self, session: Session) -> Floats:
        """Return a^L of all rows, ``(n, n_out)``."""
        ...


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs, targets and what each example counts.

    Attributes
    ----------
    x : ndarray, CSR matrix or WholeBytes, ``(n, n_in)``
    y : ndarray, ``(n, n_out)``
    sample_weight : ndarray, ``(n,)``, or None
    rows : ndarray of int64, or None
        Which of the n are meant, where not all are; they are not copied.
    """

    x: Inputs
    y: Floats
    sample_weight: Floats | None = None
    rows: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return int(self.x.shape[0]) if self.rows is None else len(self.rows)

    def only(self, rows: NDArray[np.int64]) -> Examples:
        """Return the examples in these rows; they stay where they are."""
        return dataclasses.replace(self, rows=self.located(rows))

    def copy(self, rows: NDArray[np.int64]) -> Examples:
        """Return the examples in these rows, apart from all others."""
        rows = self.located(rows)
        weight = self.sample_weight
        return Examples(
            np.ascontiguousarray(self.x[rows]) if isinstance(self.x, np.ndarray) else self.x[rows],
            np.ascontiguousarray(self.y[rows]),
            None if weight is None else weight[rows],
        )

    def parts(self, session: Session, batch_size: int, state: TrainingState, *, shuffle: bool) -> Iterator[Part]:
        """Yield all rows at once; see `Source`."""
        order = self.located(_order(session, len(self), state, shuffle=shuffle))
        yield Part(self.x, self.y, order, self.sample_weight)

    def evaluate(self, session: Session) -> tuple[Floats, float]:
        """See `Source`."""
        return session.evaluate(self.x, self.y, self.sample_weight)

    def feedforward(self, session: Session) -> Floats:
        """See `Source`."""
        return session.feedforward(self.x)

    def located(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in x and y these rows are, counted among those that are meant."""
        return rows if self.rows is None else self.rows[rows]


@dataclass(frozen=True, eq=False)
class Validation:
    """Examples that are not trained on, and how to score the network's outputs for them.

    Attributes
    ----------
    examples : Source
        Without `rows`: a network is evaluated on all of them.
    metric : callable
        ``a^L → float``, more is better unless it `falls`. May be NaN.
    name : str, default "score"
        What the metric is called.
    scorer : callable, optional
        ``Network → float``; takes the metric's place where outputs alone do not tell. NaN where outputs are not finite.
    falls : bool, default False
        Whether less of the metric is better.
    """

    examples: Source
    metric: Callable[[Floats], float]
    name: str = "score"
    scorer: Callable[[Network], float] | None = None
    falls: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.examples, Examples) and self.examples.rows is not None:
            raise ValueError("Validation looks at all examples it is given: give examples.copy(rows), not .only(rows).")


def _order(session: Session, n_rows: int, state: TrainingState, *, shuffle: bool) -> NDArray[np.int64]:
    # (n_rows,), or for members of an ensemble, each of which has its own, (n_members, n_rows)
    n_members: int | None = getattr(session, "n_members", None)
    if not shuffle:
        return np.arange(n_rows) if n_members is None else np.tile(np.arange(n_rows), (n_members, 1))
    orders = [
        stream(seed_of_member(state.seed, m), Purpose.SHUFFLE, state.epoch).permutation(n_rows)
        for m in range(n_members or 1)
    ]
    return orders[0] if n_members is None else np.stack(orders)


def split_rows(
    n_rows: int, fraction: float, seed: int, classes: NDArray[Any] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split row numbers at random into training and validation rows.

    Parameters
    ----------
    n_rows : int
    fraction : float
        Share of the rows for validation, between 0 and 1.
    seed : int
    classes : ndarray, ``(n_rows,)``, optional
        Class of each row; each class is then split in the same proportion. Classes with a single row stay in training.

    Returns
    -------
    training, validation : ndarray of int64
        In random order.
    """
    if not 0 < fraction < 1:
        raise InvalidInputError(f"The validation fraction must lie between 0 and 1, but {fraction!r} came.")
    n_validation = int(np.ceil(fraction * n_rows))
    if n_validation < 2 or n_rows - n_validation < 1:
        raise InvalidInputError(
            f"The validation set is too small: {fraction:g} of {n_rows} rows leaves {n_validation}, but 2 are needed. "
            "Increase the validation fraction, give more data, or do without validation."
        )
    random_state = int(stream(seed, Purpose.SPLIT).integers(2**32))
    rows = np.arange(n_rows, dtype=np.int64)
    alone = rows[:0]
    if classes is not None:
        _, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
        single = counts[inverse] == 1
        n_classes = int((counts > 1).sum())
        # only where both sides can hold every class
        if min(n_validation, n_rows - n_validation - int(single.sum())) >= n_classes > 0:
            alone, rows, classes = rows[single], rows[~single], classes[~single]
        else:
            classes = None
    training, validation = _drawn(len(rows), n_validation, np.random.RandomState(random_state), classes)
    return np.concatenate([rows[training], alone]), rows[validation]


def _drawn(
    n_rows: int, n_held_out: int, random: np.random.RandomState, classes: NDArray[Any] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw rows as scikit-learn's `train_test_split` does, whose import takes longer than to train on a small table."""
    if classes is None:
        drawn = random.permutation(n_rows)
        return drawn[n_held_out:], drawn[:n_held_out]
    _, codes, counts = np.unique(classes, return_inverse=True, return_counts=True)
    n_kept = _shares(counts, n_rows - n_held_out, random)
    n_drawn = _shares(counts - n_kept, n_held_out, random)
    kept, held_out = [], []
    for of_class, m, n in zip(
        np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1]), n_kept, n_drawn, strict=True
    ):
        drawn = of_class[random.permutation(len(of_class))]
        kept.append(drawn[:m])
        held_out.append(drawn[m : m + n])
    return random.permutation(np.concatenate(kept)), random.permutation(np.concatenate(held_out))


def _shares(counts: NDArray[np.int64], n: int, random: np.random.RandomState) -> NDArray[np.int64]:
    """Return how many of n rows are of each class, ``(n_classes,)``; lots decide between equal remainders."""
    exact = counts / counts.sum() * n
    shares: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    remainders = exact - shares
    for remainder in np.unique(remainders)[::-1]:
        missing = n - int(shares.sum())
        if missing <= 0:
            break
        equal = np.flatnonzero(remainders == remainder)
        shares[random.choice(equal, size=min(len(equal), missing), replace=False)] += 1
    return shares
