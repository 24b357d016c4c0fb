"""How a story is set: plain text, Markdown, LaTeX, HTML, and a worksheet of any of them.

A view takes a document of `backlit.explanation.story` and formats it, block by block; it neither calculates nor says
anything. Text is set without a library, so that it reads the same in any terminal, and HTML with MathML alone, so that
a page asks for nothing from outside. Read `render` first: it has the list of views. `text` is the plainest of them.
"""
