"""What a lab is: its data, its history, in which any moment comes back exactly, and the exercise that is worked on.

Read `state` first, then `history`.
"""
