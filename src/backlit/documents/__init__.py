"""Documents in JSON: model files, checkpoints, explanations and exercises are read and written here.

What is read may come from anybody, so nothing in it is trusted. `strict_json` turns text into values and values into
text, in one way only. `field` then checks what stands in each place of the value, and every error names that place.
Whoever reads a kind of document says only which fields it has.
"""
