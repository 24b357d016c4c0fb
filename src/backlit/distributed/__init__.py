"""More than one process, and more than one machine: the gradient of a batch is the weighted mean of its shards'.

Every rank runs the same training loop on the same numbers, and reads its share of each batch. What ranks tell each
other stands in `group.py`; all else follows from there:

``group.py``        what ranks tell each other; `torch_group.py` does so by PyTorch's gloo
``shares.py``       which rows of a batch are a rank's
``stepping.py``     how a step is taken together, of which there are two ways:
``by_share.py``     on one machine each rank steps its share of the weights, in memory that all see
``flat.py``         else gradients stand behind one another in one array, whose mean is taken (``mean.py``)
``session.py``      a session whose steps are those of all ranks
``averaging.py``    or of each by itself, until weights are averaged
``rows.py``         rows of a cache, of which a rank unpacks its own
``agreement.py``    decisions that depend on a clock or on a person are the first rank's
``keeping.py``      checkpoints: the first rank's files, everybody's state
``rank.py``         what a rank does from its beginning to its end
``launched.py``     under torchrun; ``trainer.py`` and the files it imports: on Ray
"""
