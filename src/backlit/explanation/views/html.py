"""A document as one HTML page: MathML that browsers set themselves, no script, nothing asked for from outside."""

from __future__ import annotations

from html import escape

from backlit.explanation.plain_text import printable
from backlit.explanation.story.document import (
    Block,
    Definition,
    Document,
    Equation,
    Equations,
    Heading,
    Maths,
    Name,
    PageBreak,
    Pieces,
    Sentence,
    Table,
)
from backlit.explanation.story.maths import broken
from backlit.explanation.views.mathml import mathml_of
from backlit.explanation.views.text import words_of

STYLE = """
.backlit { color-scheme: light dark; --ink: #1d2430; --paper: #fdfcf9; --soft: #5d6675; --line: #dcd8cd;
  --mark: #8a3b12; --wash: #f4f1e8; }
@media (prefers-color-scheme: dark) { .backlit { --ink: #e6e3da; --paper: #15181d; --soft: #9aa3b0; --line: #363b44;
  --mark: #f0a878; --wash: #1e2229; } }
.backlit * { box-sizing: border-box; }
.backlit { background: var(--paper); color: var(--ink); font: 1rem/1.55 Georgia, "Times New Roman", serif; }
body.backlit { margin: 0 auto; max-width: 54rem; padding: 2rem 1.1rem 4rem; }
div.backlit { padding: 1rem; }
.backlit h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .6rem; }
.backlit h2 { font-size: 1.35rem; margin: 2.6rem 0 .4rem; color: var(--mark); }
.backlit h3 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
.backlit h4 { font-size: 1rem; font-weight: 600; margin: 1.3rem 0 .3rem; }
.backlit h4 small { font-weight: 400; color: var(--soft); }
.backlit p { margin: .4rem 0; }
.backlit p.inset { margin-left: 1.4rem; color: var(--soft); }
.backlit .law { background: var(--wash); border-left: 3px solid var(--mark); padding: .5rem .9rem; margin: .7rem 0; }
.backlit .law b { color: var(--mark); margin-right: .8rem; }
.backlit .law span { display: block; color: var(--soft); font-style: italic; }
.backlit .equations { display: grid; grid-template-columns: max-content 1fr; gap: .35rem .4rem; margin: .5rem 0 .8rem;
  align-items: baseline; }
.backlit .equations > .left { text-align: right; padding-left: .6rem; }
.backlit .right > span { display: inline-block; }
.backlit .flow { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: .4rem 0 .6rem .6rem; }
.backlit .name { color: var(--soft); }
.backlit math { font-size: 1.02em; }
.backlit mi { font-style: normal; }
.backlit .blank { border-bottom: 1px solid var(--ink); }
.backlit .scroll { overflow-x: auto; }
.backlit table { border-collapse: collapse; margin: .5rem 0 .5rem .6rem; font-size: .95em; }
.backlit th { text-align: left; font-weight: 400; font-style: italic; color: var(--soft); }
.backlit td, .backlit th { padding: .15rem .9rem .15rem 0; vertical-align: baseline; overflow-wrap: anywhere; }
.backlit hr { border: 0; border-top: 3px double var(--line); margin: 4rem 0; }
@media (max-width: 34rem) { .backlit .equations { grid-template-columns: 1fr; gap: .1rem; }
  .backlit .equations > .left { text-align: left; margin-top: .5rem; }
  .backlit .equations > .right { padding-left: 1.6rem; } }
@media print { .backlit { --ink: #000; --paper: #fff; --soft: #444; --line: #bbb; --mark: #000; --wash: #f6f6f6; }
  body.backlit { padding: 0; max-width: none; font-size: 10.5pt; }
  .backlit hr { break-after: page; border: 0; margin: 0; }
  .backlit h2, .backlit h3, .backlit h4 { break-after: avoid; }
  .backlit .right, .backlit .law { break-inside: avoid; } }
"""


def render_document_html(document: Document) -> str:
    """Return a document as a whole page."""
    title = next((words_of(block.text, 6) for block in document.blocks if isinstance(block, Heading)), "backlit")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"/>\n<title>{escape(title)}</title>\n'
        f'<style>{STYLE}</style>\n</head>\n<body class="backlit">\n{_body(document)}\n</body>\n</html>\n'
    )


def render_fragment_html(document: Document) -> str:
    """Return a document as a part of another page, such as a notebook."""
    return f'<div class="backlit"><style>{STYLE}</style>\n{_body(document)}\n</div>'


def _body(document: Document) -> str:
    return "\n".join(_block(block, document.digits) for block in document.blocks)


def _block(block: Block, digits: int) -> str:
    match block:
        case Heading():
            tag = f"h{block.level + 1}"
            remark = f" <small>{escape(block.remark.strip('[]'))}</small>" if block.remark else ""
            return f"<{tag}>{_words(block.text, digits)}{remark}</{tag}>"
        case Sentence():
            inset = ' class="inset"' if block.depth > 1 else ""
            return f"<p{inset}>{_words(block.pieces, digits)}</p>"
        case Definition():
            meaning = _words(block.meaning, digits)
            law = mathml_of(block.formula, digits)
            return f'<div class="law"><b>{block.name}</b>{law}<span>{meaning}</span></div>'
        case Equations():
            return _equations(block, digits)
        case Table():
            return _table(block, digits)
        case PageBreak():
            return "<hr/>"


def _words(pieces: Pieces, digits: int, longest: int = 60) -> str:
    written = ""
    for part in pieces:
        if isinstance(part, tuple):
            written += mathml_of(part, digits)
        elif isinstance(part, Name):
            written += escape(printable(part.text, part.longest or longest))
        else:
            written += escape(part).replace("   ", "\u2002 ")
    return written


def _equations(block: Equations, digits: int) -> str:
    rows = "\n".join(_equation(row, digits) for row in block.rows)
    if block.flow:
        one_line = (f'<span class="equation">{_all_parts(row, digits)}</span>' for row in block.rows)
        return '<div class="flow">' + "\n".join(one_line) + "</div>"
    return f'<div class="equations">\n{rows}\n</div>'


def _all_parts(row: Equation, digits: int) -> str:
    return " = ".join(mathml_of(part, digits) for part in row.parts)


def _equation(row: Equation, digits: int) -> str:
    left, *others = row.parts
    # each summand is a box of its own, so that a long line can be broken before it
    parts = []
    for part in others:
        first, *rest = broken(part)
        summands = [f"<span>{mathml_of(chunk, digits)}</span>" for chunk in rest]
        parts.append(f"<span>= {mathml_of(first, digits)}</span>{''.join(summands)}")
    remark = "" if row.remark is None else f' <span class="name">← {escape(printable(row.remark.text, 30))}</span>'
    return (
        f'<div class="left equation">{mathml_of(left, digits)}</div><div class="right">{" ".join(parts)}{remark}</div>'
    )


def _table(block: Table, digits: int) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in block.head)
    rows = "\n".join(f"<tr>{''.join(f'<td>{_cell(cell, digits)}</td>' for cell in row)}</tr>" for row in block.rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'


def _cell(cell: str | Name | Maths, digits: int) -> str:
    return _words((cell,), digits)
