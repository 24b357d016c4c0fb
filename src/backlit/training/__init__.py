"""Training: what was chosen, the one run that everything trains by, schedules, patience, and what watches.

`options.py` says how a network is trained, whoever asks for it; `run.py` puts that together with a network and examples
and drives `loop.py`, which yields events and knows nothing of who watches. Begin with those three.
"""
