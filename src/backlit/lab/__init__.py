"""The lab: a page on which backpropagation can be watched, stepped through and played with, every number live.

`talk` is what page and Python say to each other. `state` is what one lab is, and `commands` what can be done to it:
pure functions, the same for the server (`served`), the notebook (`widget`) and recorded lessons (`site`). The lab
computes no gradient and no cost of its own: its numbers are those of `backlit.explanation`.
"""
