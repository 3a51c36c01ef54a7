"""The report as one HTML file that needs no network: styles and charts stand in it."""

from collections.abc import Mapping, Sequence
from html import escape

from analytics.report.section import Grid, Section

_STYLE = """
:root { color-scheme: light; --ink: #1d1d1f; --faint: #5d6168; --line: #d9dce1; --paper: #ffffff; --band: #f4f5f7; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 24px; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.2rem; margin: 40px 0 8px; padding-top: 12px; border-top: 2px solid var(--ink); }
h3 { font-size: .95rem; margin: 18px 0 6px; }
.window, footer { color: var(--faint); font-size: .87rem; }
.lead { font-size: 1.02rem; max-width: 75ch; }
.reason { background: var(--band); border-left: 4px solid var(--faint); padding: 8px 12px; }
nav { margin: 14px 0 0; font-size: .87rem; }
nav a { color: inherit; margin-right: 14px; white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 18px 26px; align-items: start; }
figure { margin: 8px 0; max-width: 580px; }
figure svg { width: 100%; height: auto; display: block; }
figcaption, .notes { color: var(--faint); font-size: .83rem; }
.notes { padding-left: 18px; max-width: 95ch; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: max-content; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px 4px 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: break-word; max-width: min(60ch, 70vw); }
th { border-bottom: 2px solid var(--ink); white-space: nowrap; font-weight: 600; }
.n { text-align: right; white-space: nowrap; }
tr.total td { font-weight: 700; border-top: 2px solid var(--ink); }
@media (max-width: 560px) { body { font-size: 14px; } header, main, footer { padding-left: 12px; padding-right: 12px; } }
@media print { nav { display: none; } section { break-inside: avoid-page; } }
"""

_NUMERIC, _TOTAL = ' class="n"', ' class="total"'


def page(title: str, window: str, sections: Sequence[Section], drawings: Mapping[str, str], made_with: str) -> str:
    """The whole document. `drawings`: SVG text by the charts' names."""
    links = " ".join(f'<a href="#s{i}">{escape(section.title)}</a>' for i, section in enumerate(sections))
    body = "\n".join(_section(i, section, drawings) for i, section in enumerate(sections))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><header><h1>{escape(title)}</h1><div class="window">Window: {escape(window)}. All times UTC.</div><nav>{links}</nav></header>
<main>
{body}
</main>
<footer><p>{escape(made_with)}</p></footer></body></html>
"""


def _section(place: int, section: Section, drawings: Mapping[str, str]) -> str:
    parts = [f'<section id="s{place}"><h2>{escape(section.title)}</h2>']
    if section.lead:
        parts += [f'<p class="lead">{escape(line)}</p>' for line in section.lead.splitlines()]
    if section.reason:
        parts.append(f'<p class="reason">Nothing to show: {escape(section.reason)}.</p>')
    tables = [_table(grid) for grid in section.grids]
    charts = [f"<figure>{drawings[chart.name]}<figcaption>{escape(chart.caption)}</figcaption></figure>" for chart in section.charts]
    drawn = [f'<div class="charts">{"".join(charts)}</div>'] if charts else []
    parts += [*drawn, *tables]
    if section.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in dict.fromkeys(section.notes))
        parts.append(f'<ul class="notes">{items}</ul>')
    return "\n".join([*parts, "</section>"])


def _table(grid: Grid) -> str:
    head = _cells("th", grid.headers, grid.numeric)
    rows = "".join(f"<tr{_TOTAL if row[0] == 'total' else ''}>{_cells('td', row, grid.numeric)}</tr>" for row in grid.rows)
    note = f'<div class="window">{escape(grid.note)}</div>' if grid.note else ""
    return (
        f'<h3>{escape(grid.title)}</h3><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}'
    )


def _cells(tag: str, row: Sequence[str], numeric: frozenset[int]) -> str:
    return "".join(f"<{tag}{_NUMERIC if i in numeric else ''}>{escape(cell)}</{tag}>" for i, cell in enumerate(row))
