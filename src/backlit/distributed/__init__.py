"""More than one process, and more than one machine: the gradient of a batch is the weighted mean of its shards'.

Every rank runs the same training loop on the same numbers, and reads its share of each batch. What ranks tell each
other stands in `group.py`; all else follows from there:

``group.py``        what ranks tell each other; `torch_group.py` does so by PyTorch's gloo
``shares.py``       which rows of a batch are a rank's
``flat.py``         gradients behind one another in one array, which is added up over all ranks
``session.py``      a session whose steps are those of all ranks
``averaging.py``    or of each by itself, until weights are averaged
``rows.py``         rows of a cache, of which a rank unpacks its own
``agreement.py``    decisions that depend on a clock or on a person are the first rank's
``keeping.py``      checkpoints: the first rank's files, everybody's state
``rank.py``         what a rank does from its beginning to its end
``launched.py``     under torchrun; ``trainer.py`` and the files it imports: on Ray
"""
