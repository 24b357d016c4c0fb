"""Forms in which no function or method makes a whole pass: its parts are there, and somebody must put them together.

One file a form. It finds the parts by their names (`recognize`) and puts them together as their authors do
(`backprop`). `backprop` runs beside the student's program, behind the same walls, and hands parts and numbers on
without computing any: whatever it gives back was computed by the student. Nothing here may import what could answer for
the student, such as `backlit.core`. A new form is one more file, and a line in `registry`.
"""
