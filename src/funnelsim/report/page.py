"""A report as one HTML file that needs nothing else: words, tables, and figures held inside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1F2430; background: #FFFFFF; max-width: 62rem; margin: 2rem auto;
  padding: 0 1.2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .4rem; border-bottom: 1px solid #C9CFD6; padding-bottom: .2rem; }
p.lead { color: #667080; margin: 0 0 1rem; }
p.note, footer { color: #667080; font-size: .87rem; }
img { max-width: 100%; height: auto; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .84rem; margin: .6rem 0; }
th, td { text-align: left; padding: .18rem .8rem .18rem 0; vertical-align: top; border-bottom: 1px solid #EEF1F4; }
th { color: #667080; font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.marked td { color: #D55E00; font-weight: 600; }
li { margin: .25rem 0; }
"""


def page(title: str, lead: str, sections: Sequence[tuple[str, str]], *, footer: str) -> str:
    """Return a whole HTML page.

    Args:
        title: In one sentence, what was found; text.
        lead: What it is of; text.
        sections: Heading (text) and body (HTML, as the functions below make it) of each.
        footer: Where it comes from; text.
    """
    bodies = "\n".join(f"<h2>{escape(heading)}</h2>\n{body}" for heading, body in sections)
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f'<p class="lead">{escape(lead)}</p>\n{bodies}\n<footer><p>{escape(footer)}</p></footer>\n</body></html>\n'
    )


def words(*paragraphs: str, note: bool = False) -> str:
    """Return paragraphs of text."""
    kind = ' class="note"' if note else ""
    return "\n".join(f"<p{kind}>{escape(text)}</p>" for text in paragraphs)


def listed(items: Sequence[str]) -> str:
    """Return a list of texts."""
    return "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + "\n</ul>" if items else ""


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    marked: Sequence[int] = (),
) -> str:
    """Return a table of texts.

    Args:
        headings: One for each column.
        rows: The cells.
        numbers: Columns that are aligned to the right.
        marked: Rows that stand out.
    """

    def cells(row: Sequence[str], tag: str) -> str:
        kinds = [' class="number"' if j in numbers else "" for j in range(len(row))]
        return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for text, kind in zip(row, kinds, strict=True))

    kind = {True: ' class="marked"', False: ""}
    lines = [f"<tr{kind[j in marked]}>{cells(row, 'td')}</tr>" for j, row in enumerate(rows)]
    return f'<div class="wide"><table>\n<tr>{cells(headings, "th")}</tr>\n' + "\n".join(lines) + "\n</table></div>"


def image(png: bytes, *, alt: str) -> str:
    """Return a PNG inside the page, with words for those who cannot see it."""
    data = base64.b64encode(png).decode("ascii")
    return f'<p><img alt="{escape(alt, quote=True)}" src="data:image/png;base64,{data}"></p>'
