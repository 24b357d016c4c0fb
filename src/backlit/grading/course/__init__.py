"""A folder of submissions, graded for the teacher: `submissions` finds them, `workers` grades two at a time.

`overview` says what stands out: who is where, and which mistakes are common.
"""
