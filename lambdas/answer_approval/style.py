"""The style of the approval page, in one string so that its hash can be allowed.

Colours are variables, light ones first, dark ones after. What is read has a contrast of 4.5 to 1,
on its ground and on every shade of a chart: https://www.w3.org/TR/WCAG22/#contrast-minimum
"""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --card: #ffffff; --ink: #1a2028; --soft: #56616d; --line: #dde2e8;
  --accent: #1a5fb4; --go: #14713d; --stop: #b3261e; --on: #ffffff;
  --note: #fff5d9; --field: #fafbfc; --edge: #7d8894;
  --better: #e0f3e7; --worse: #fbe7e4; --neutral: #e9eef4;
  --hit: #8fbdf0; --miss: #f4b183; --bar: #4a86cf; --track: #e6eaef;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101317; --card: #191e24; --ink: #e7ebf0; --soft: #a5b0bc; --line: #323a44;
    --accent: #8ab8f5; --go: #63cf92; --stop: #ff9d94; --on: #0f1419;
    --note: #3a3217; --field: #12161b; --edge: #76828f;
    --better: #17382a; --worse: #442422; --neutral: #272f39;
    --hit: #2b62a3; --miss: #96501d; --bar: #5f9ce4; --track: #2c343d;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; padding: 2.5rem 1rem 3.5rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 50rem; margin: 0 auto; }
h1 {
  font-size: 1.75rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 .6rem;
  text-wrap: balance; overflow-wrap: anywhere;
}
h2 { font-size: 1.0625rem; line-height: 1.3; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
section > :last-child, .notice p:last-child { margin-bottom: 0; }
a { color: var(--accent); text-underline-offset: .15em; overflow-wrap: anywhere; }
code {
  font: .875em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  overflow-wrap: anywhere;
}
.lead { color: var(--soft); margin-bottom: 1.5rem; }
.caption { color: var(--soft); font-size: .875rem; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem; margin-bottom: 1rem;
}
.notice { background: var(--note); }
h1 + .notice { margin-top: 1.25rem; }

.verdict {
  display: inline-block; padding: .2rem .7rem; border-radius: 1rem; font-weight: 600;
  font-size: .9375rem; background: var(--neutral);
}
.verdict.better { background: var(--better); }
.verdict.worse { background: var(--worse); }
.figures { display: flex; flex-wrap: wrap; gap: .75rem 2.75rem; margin: 0 0 1rem; }
.figures dt { color: var(--soft); font-size: .875rem; }
.figures dd { margin: 0; font-size: 1.75rem; font-weight: 600; line-height: 1.25; }
.figures .beside { font-size: .875rem; font-weight: 400; line-height: 1.5; color: var(--soft); }
.figures dd, table { font-variant-numeric: tabular-nums; }

.facts {
  display: grid; grid-template-columns: fit-content(16rem) minmax(0, 1fr); gap: .4rem 1.5rem;
  margin: 0;
}
.facts + form, .facts + p { margin-top: 1.25rem; }
.facts dt { color: var(--soft); overflow-wrap: anywhere; }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.plain, .files, .mistakes { list-style: none; margin: 0; padding: 0; }
.files li + li { margin-top: .35rem; }
.files + p { margin-top: .75rem; }
.mistakes li { padding: .75rem 0; border-top: 1px solid var(--line); }
.mistakes li:last-child { padding-bottom: 0; }
.mistakes p { margin-bottom: .15rem; }
.mistakes code { color: var(--soft); }
.place { float: right; margin-left: 1rem; color: var(--soft); font-size: .875rem; }

.meanings {
  margin: 0; padding: 0; list-style: none; color: var(--soft); font-size: .875rem;
}
.meanings li + li { margin-top: .25rem; }
.meanings strong { font-weight: 600; color: var(--ink); }

.scroll { overflow-x: auto; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .45rem .75rem; border-bottom: 1px solid var(--line); text-align: right; }
tbody tr:last-child > * { border-bottom: 0; }
td { white-space: nowrap; vertical-align: top; }
th { font-weight: 600; vertical-align: top; }
th:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .875rem; font-weight: 500; vertical-align: bottom; }
tbody th { min-width: 6rem; max-width: 18rem; overflow-wrap: anywhere; }
.scores td { width: 19%; }
.scores td:last-child { width: auto; }
.scores small { display: block; color: var(--soft); font-size: .8125rem; }
.checks th small {
  display: block; color: var(--soft); font-size: .8125rem; font-weight: 400;
}
.checks td { white-space: normal; }
.checks td:nth-child(3), .checks td:nth-child(4), .checks span { white-space: nowrap; }
.checks strong { color: var(--stop); }
.counts th { max-width: 10rem; overflow-wrap: anywhere; }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
details .scroll { margin-top: .75rem; }

.bar { display: block; width: 100%; height: .5rem; margin-top: .15rem; }
.track { fill: var(--track); }
.share { fill: var(--bar); }
.mark { fill: var(--ink); }
.tick {
  display: inline-block; width: 2px; height: .8em; margin: 0 .15em; background: var(--ink);
  vertical-align: -.05em;
}
.matrix { display: block; }
.matrix.small { max-width: 100%; min-width: 18rem; height: auto; }
.matrix text { fill: var(--ink); font-size: 12px; font-variant-numeric: tabular-nums; }
.matrix .axis { fill: var(--soft); }
.matrix rect { fill: transparent; stroke: var(--line); }
.matrix .none text { fill: var(--soft); }
.matrix .hit rect { fill: var(--hit); }
.matrix .miss rect { fill: var(--miss); }
.matrix g text { font-size: 13px; }
.matrix .own text { font-weight: 600; }
.matrix.many g text { font-size: 10.5px; font-weight: 400; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
.plot { display: block; max-width: 100%; height: auto; }
.plot text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.plot .grid { stroke: var(--line); }
.plot .base { stroke: var(--edge); }
.plot .ideal { stroke: var(--ink); stroke-dasharray: 4 4; }
.plot .dot { fill: var(--bar); fill-opacity: .6; }
.plot .column { fill: var(--bar); }
.key { padding: .05rem .5rem; border-radius: .25rem; color: var(--ink); }
.key.hit { background: var(--hit); }
.key.miss { background: var(--miss); }

label { display: block; font-weight: 600; margin-bottom: .3rem; }
.hint { font-weight: 400; color: var(--soft); }
textarea {
  width: 100%; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--edge); border-radius: .5rem; padding: .55rem .7rem; margin-bottom: 1rem;
}
textarea { min-height: 5.5rem; resize: vertical; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; }
button {
  flex: 1 1 12rem; min-height: 2.9rem; padding: .5rem 1.25rem; font: inherit; font-weight: 600;
  border: 2px solid var(--go); border-radius: .5rem; background: var(--go); color: var(--on);
  cursor: pointer;
}
button.reject { background: transparent; border-color: var(--stop); color: var(--stop); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.quote { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 36rem) {
  body { padding: 1.5rem .75rem 2rem; }
  h1 { font-size: 1.45rem; }
  section { padding: 1rem; }
  .figures { gap: .75rem 1.75rem; }
  .figures dd { font-size: 1.45rem; }
  table { font-size: .8125rem; }
  thead th, .scores small { font-size: .75rem; }
  th, td { padding: .4rem .3rem; }
  tbody th { min-width: 5rem; max-width: 9rem; }
  .scores th, .scores td { padding: .35rem .15rem; }
  .scores tbody th, .checks tbody th { min-width: 4rem; }
  .checks th + th, .checks td { padding: .35rem .2rem; }
  .checks td:last-child, .checks th:last-child { padding-right: 0; }
  .place { float: none; display: block; margin: 0; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: .6rem; }
}
"""
