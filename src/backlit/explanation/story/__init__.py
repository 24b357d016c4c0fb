"""What is said about a step, once for all views: the six steps of the lecture's algorithm with the example's numbers.

The views must agree to the last digit, so none of them writes a sentence. The story is a document of headings,
sentences and equations (`document`); its formulas are typed terms and its numbers stay numbers until a view sets them.
Fixed formulas are written legibly, in the lecture's notation, and read by `maths`. Of a wide layer only what matters is
said, which `selection` decides. Read `tell` first, then `forward` and `backward`, in which the lecture's six steps are.
"""
