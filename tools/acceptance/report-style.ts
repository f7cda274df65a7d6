/** How the report looks: on a screen, on a phone, and on A4, where it is signed. */
export const REPORT_STYLE = `
:root { --ink: #17202b; --soft: #5b6775; --line: #d5dbe2; --wash: #f4f6f8; --accent: #0d5660; --good: #1a7044; --bad: #b3261e; --warn: #8a5a00; --none: #6b7785; }
* { box-sizing: border-box; }
html { font: 14px/1.55 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; color: var(--ink); background: #e9edf1; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { margin: 0; }
main { max-width: 1120px; margin: 24px auto; padding: 48px 56px; background: #fff; box-shadow: 0 1px 12px #17202b22; }
.en { color: var(--soft); font-size: .86em; font-weight: 400; }
h1 { margin: 0; font-size: 40px; letter-spacing: .12em; }
h1 .en { display: block; letter-spacing: .02em; font-size: 18px; margin-top: 4px; }
h2 { margin: 44px 0 14px; padding-bottom: 6px; font-size: 21px; border-bottom: 2px solid var(--accent); color: var(--accent); }
h2 .en, h3 .en { margin-left: .5em; }
h3 { margin: 26px 0 8px; font-size: 16px; }
p { margin: 6px 0 10px; }
.cover { display: flex; flex-direction: column; min-height: 900px; }
.brand { color: var(--accent); font-weight: 700; letter-spacing: .08em; border-left: 6px solid var(--accent); padding-left: 12px; margin-bottom: 64px; font-size: 18px; }
.verdict { display: inline-block; margin: 32px 0 8px; padding: 10px 26px; font-size: 22px; font-weight: 700; letter-spacing: .06em; border: 3px solid currentColor; border-radius: 4px; align-self: flex-start; }
.verdict .en { color: inherit; letter-spacing: 0; margin-left: .5em; font-size: 15px; }
.facts { width: 100%; margin-top: 22px; }
.facts th { width: 210px; text-align: left; font-weight: 500; background: var(--wash); }
.signatures { display: grid; grid-template-columns: 1fr 1fr; gap: 40px; margin-top: auto; padding-top: 40px; break-inside: avoid; }
.signatures h3 { margin: 0 0 8px; }
.sign { display: grid; grid-template-columns: 9.5em 1fr; align-items: end; min-height: 42px; }
.sign i { border-bottom: 1px solid var(--ink); height: 1px; }
table { width: 100%; border-collapse: collapse; font-size: 12.5px; margin: 8px 0 16px; }
th, td { border: 1px solid var(--line); padding: 5px 8px; vertical-align: top; text-align: left; overflow-wrap: anywhere; }
thead th { background: var(--wash); font-weight: 600; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th.n { text-align: right; }
td.n { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
td.k, th.k { white-space: nowrap; overflow-wrap: normal; }
tr.group { break-after: avoid; }
tr.group td { background: var(--wash); font-weight: 600; color: var(--accent); }
.small { font-size: 11.5px; color: var(--soft); }
.mark { display: inline-block; padding: 0 6px; border-radius: 3px; border: 1px solid currentColor; font-size: 12px; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .none { color: var(--none); }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; margin: 12px 0; }
.tile { border: 1px solid var(--line); border-top: 4px solid var(--accent); padding: 12px 14px; break-inside: avoid; }
.tile b { display: block; font-size: 26px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile.bad { border-top-color: var(--bad); color: inherit; } .tile.bad b { color: var(--bad); }
.notice { border: 1px solid var(--warn); border-left-width: 6px; padding: 6px 14px; margin: 4px 0; }
code { font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
figure { margin: 12px 0; break-inside: avoid; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; display: block; }
@media (max-width: 640px) {
  main { margin: 0; padding: 20px 16px; box-shadow: none; }
  .cover { min-height: 0; } .brand { margin-bottom: 28px; } h1 { font-size: 30px; }
  .signatures { grid-template-columns: 1fr; gap: 20px; } .tiles { grid-template-columns: 1fr 1fr; }
  .facts th { width: 38%; }
  table.cards thead { display: none; }
  table.cards, table.cards tbody, table.cards tr, table.cards td { display: block; }
  table.cards tr { border: 1px solid var(--line); margin-bottom: 8px; padding: 4px 0; }
  table.cards td { border: 0; padding: 3px 10px; text-align: left; white-space: normal; }
  table.cards td.n { display: inline-block; width: 33%; vertical-align: top; }
  table.cards td:empty { display: none; }
  table.cards td[data-label]::before { content: attr(data-label); display: block; color: var(--soft); font-size: 11px; }
  table.cards tr.group { border: 0; margin-top: 14px; }
}
@page { size: A4; margin: 15mm 13mm 17mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #5b6775; } @bottom-left { content: "Jichao 集抄"; font: 9pt "Noto Sans CJK SC", sans-serif; color: #5b6775; } }
@media print {
  html { background: #fff; font-size: 9.5pt; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; }
  .cover { min-height: 262mm; break-after: page; }
  .brand { margin-bottom: 14mm; } h1 { font-size: 26pt; } .verdict { margin: 14px 0 4px; font-size: 15pt; } .facts { margin-top: 10px; } .signatures { padding-top: 16px; } .sign { min-height: 11mm; } .mark { font-size: 7.6pt; padding: 0 3px; }
  h2 { break-after: avoid; } h3 { break-after: avoid; } h2.sheet { break-before: page; margin-top: 0; }
  table { font-size: 8.2pt; } th, td { padding: 3px 5px; } code { font-size: 7.6pt; }
}
`;
