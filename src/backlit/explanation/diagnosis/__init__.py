"""How healthy every layer is, what is wrong, and what to try.

A rule judges a few numbers of each layer, never the network itself, so that it works on the record of a training as
well as on the trained network. The source of each limit stands beside it; for healthy networks nothing may be reported.
Read `evidence` first, for what the rules are given, then `layer_rules` and `training_rules`; `diagnose` gathers the
evidence and orders what they find, and `diagnosis` says it.
"""
