"""How a story is set: plain text, Markdown, LaTeX, HTML, and a worksheet of any of them.

A view takes a document of `backlit.explanation.story` and formats it, block by block; it adds neither numbers nor
words. Text is set without a library, so that it reads the same in any terminal, and HTML with MathML alone, so that a
page loads nothing else. Read `render` first: it has the list of views. `text` is the plainest of them.
"""
