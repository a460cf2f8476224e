"""How the record looks on A4, in print and on a screen; nothing is fetched from anywhere."""


def css(foot: str) -> str:
    """``foot`` is one of our own words, repeated at the foot of every printed page (margin boxes: CSS Paged Media 3)."""
    look = "font: 7.5pt sans-serif; color: #55606a;"
    left, right = f'content: "{foot}"; {look}', f'content: counter(page) " / " counter(pages); {look}'
    return f"{CSS}@page {{ @bottom-left {{ {left} }} @bottom-right {{ {right} }} }}\n"


CSS = """
@page { size: A4; margin: 13mm 14mm 15mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 190mm; padding: 8mm 4mm; color: #1c2126; background: #fff;
  font: 9.6pt/1.55 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei", sans-serif;
  font-variant-numeric: tabular-nums; }
.band { background: repeating-linear-gradient(-45deg, #ffc43d 0 10px, #fff3cf 10px 20px); border: 1px solid #a86f00;
  text-align: center; padding: 3px; margin-bottom: 5mm; }
.band b { background: #fff; color: #7a4b00; padding: 1px 14px; letter-spacing: .12em; }
header { display: flex; justify-content: space-between; align-items: flex-end; border-bottom: 2px solid #1c2126; padding-bottom: 2mm; }
h1 { font-size: 20pt; line-height: 1.2; margin: 0; letter-spacing: .15em; font-weight: 700; }
header div { text-align: right; color: #55606a; font-size: 8.4pt; line-height: 1.5; }
.answer { margin: 4mm 0; padding: 3mm 4mm; border-left: 5px solid #1a7f4b; background: #eef8f2; break-inside: avoid; }
.answer.bad { border-color: #b3261e; background: #fdf0ef; }
.answer.unsure { border-color: #a86f00; background: #fff7e3; }
.answer p { margin: 0; } .answer .big { font-size: 14.5pt; font-weight: 700; line-height: 1.4; }
h2 { font-size: 10.8pt; margin: 5.5mm 0 1.6mm; padding-left: 2.4mm; border-left: 3px solid #2f5f9e; line-height: 1.25; break-after: avoid; }
section { break-inside: avoid; } section.long { break-inside: auto; }
table { width: 100%; border-collapse: collapse; } tr { break-inside: avoid; }
th, td { border-bottom: 1px solid #d8dde2; padding: 1.1mm 2mm; text-align: left; vertical-align: top; }
thead th { background: #f1f4f7; font-weight: 600; color: #3a444d; border-bottom: 1px solid #aab4bd; white-space: nowrap; }
td.num, th.num { text-align: right; white-space: nowrap; }
td.now { white-space: nowrap; }
tr.sum td { font-weight: 700; border-top: 1px solid #7d8892; }
tr.card td { background: #f6f9fc; color: #2f4a6b; }
.identity td:nth-child(odd) { color: #55606a; width: 20mm; white-space: nowrap; }
.identity td:nth-child(even) { width: 38%; }
.move .old { color: #5f6a74; } .move .arrow { color: #2f5f9e; padding: 0 1.4mm; } .move .new { font-weight: 700; }
.ticks { display: flex; gap: 3mm; } .ticks > div { flex: 1; border: 1px solid #cfd6dc; border-radius: 3px; padding: 2mm 3mm; }
.ticks p { margin: 0; font-size: 8.8pt; color: #3a444d; } .ticks .head { font-size: 11pt; font-weight: 700; color: #1c2126; }
.ok { color: #136239; } .no { color: #a31f18; } .ask { color: #8a5a00; } .mark { font-weight: 700; white-space: nowrap; }
.small { color: #55606a; font-size: 8.2pt; margin: 1.2mm 0 0; }
code { font: 7.9pt/1.5 "Noto Sans Mono CJK SC", Consolas, Menlo, monospace; overflow-wrap: anywhere; }
.signs { display: flex; gap: 8mm; margin-top: 12mm; break-inside: avoid; }
.signs div { flex: 1; border-top: 1px solid #1c2126; padding-top: 1mm; color: #55606a; }
@media print {
  body { max-width: none; padding: 0; font-size: 8.6pt; line-height: 1.45; } th, td { padding: .5mm 2mm; }
  h2 { margin: 3.6mm 0 1.2mm; } .answer { margin: 3mm 0; padding: 2mm 4mm; } .band { margin-bottom: 3mm; }
  .signs { margin-top: 9mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
