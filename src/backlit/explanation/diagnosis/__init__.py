"""How every layer fares, what is wrong, and what to try.

A rule judges a few numbers of each layer, never the network itself, so that it works on a record of a training as well
as on the network that came of it. Each limit stands beside where it comes from; healthy networks must pass in silence.
Read `evidence` first, for what the rules are given, then `layer_rules` and `training_rules`; `diagnose` gathers the
evidence and orders what they find, and `diagnosis` says it.
"""
