"""Models for other programs, and networks that come from them.

A format never meets an estimator or a model of tables: both describe themselves as an `Exportable`, which is network,
encoder and what the outputs mean, and nothing more. So a format is one file with one function, and `formats` is the
only list of them: the command line and its help read it.

Read `exportable` first, then `formats`, then one format; its helpers are in the folder that begins with its name.
`tracing` writes a σ of `backlit.core` down in another language, so that no activation is written twice. What comes from
others is read here as arrays (`state_dict`, of torch); `backlit.estimators.importing` makes estimators of them.
"""
