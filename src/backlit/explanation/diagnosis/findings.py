"""What is wrong with a network: rules over the figures of its layers and of its training, the gravest first."""

from __future__ import annotations

from backlit.explanation.evidence import Evidence, Finding
from backlit.explanation.layer_rules import dead, flow, saturated, symmetric
from backlit.explanation.training_rules import leaping, learning, not_finite, rising, unscaled


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Return all that is wrong, the gravest first.

    What training suffers from comes before what may be its cause.
    """
    broken = list(not_finite(evidence))
    if evidence.now.nonfinite_layer is not None:
        return tuple(broken)  # the other figures mean nothing any more
    causes = [found for rule in (symmetric, dead, saturated, flow, leaping) for found in rule(evidence)]
    suffers = [*broken, *rising(evidence)] or list(learning(evidence, has_cause=bool(causes)))
    found = suffers + causes
    return tuple(found + list(unscaled(evidence)) if found else ())
