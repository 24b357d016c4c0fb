"""Pictures of a network: boundary, curves, confusions, histograms, flags, the demon, and slices of the cost."""
