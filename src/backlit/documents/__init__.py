"""Documents in JSON: model files, checkpoints, explanations and exercises are read and written here.

What is read came from somebody else and is believed in nothing. `strict_json` makes a value of a text, and a text of a
value, in one way only. `field` then asks the value for what should stand in each place, and every error names that
place. Whoever reads a kind of document says only which fields it has.
"""
