"""The style of the approval page, in one string so that its hash can be allowed."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --ink: #1b1f24; --soft: #5b6470; --line: #d9dee5;
  --accent: #0b57d0; --go: #14713d; --stop: #b3261e; --on: #ffffff;
  --hit: #dcf3e4; --miss: #fbe3e1; --note: #fff4d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #111418; --card: #1a1f25; --ink: #e8ebef; --soft: #a3adb9; --line: #343c46;
    --accent: #8ab4f8; --go: #5fd08f; --stop: #ff9b92; --on: #10141a;
    --hit: #173d28; --miss: #4a2321; --note: #3d3416;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem 1rem 3rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 44rem; margin: 0 auto; }
h1 { font-size: 1.65rem; line-height: 1.2; margin: 0 0 .6rem; text-wrap: balance; }
h2 { font-size: 1.05rem; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; }
.lead { color: var(--soft); margin-bottom: 1.5rem; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem; margin-bottom: 1rem;
}
.notice { background: var(--note); }
h1 + .notice { margin-top: 1.25rem; }
.notice p:last-child { margin: 0; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 0 0 1.25rem; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--soft); font-size: .875rem; }
.figures dd { margin: 0; font-size: 1.65rem; font-weight: 600; line-height: 1.2; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.25rem; margin: 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
code { font: .9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.scroll { overflow-x: auto; margin: 0 0 1.25rem; }
.scroll:last-child { margin-bottom: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
h3 { color: var(--soft); font-size: .875rem; font-weight: 400; margin: 0 0 .35rem; }
th, td { padding: .35rem .75rem; border-bottom: 1px solid var(--line); text-align: right; }
td { white-space: nowrap; }
th { font-weight: 600; }
th:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-size: .875rem; font-weight: 500; }
.hit { background: var(--hit); font-weight: 600; }
.miss { background: var(--miss); }
.none { color: var(--soft); }
label { display: block; font-weight: 600; margin-bottom: .3rem; }
.hint { font-weight: 400; color: var(--soft); }
input, textarea {
  width: 100%; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--soft); border-radius: .5rem; padding: .55rem .7rem; margin-bottom: 1rem;
}
textarea { min-height: 5.5rem; resize: vertical; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; }
button {
  flex: 1 1 9rem; min-height: 2.9rem; padding: .5rem 1.25rem; font: inherit; font-weight: 600;
  border: 2px solid var(--go); border-radius: .5rem; background: var(--go); color: var(--on);
  cursor: pointer;
}
button.reject { background: transparent; border-color: var(--stop); color: var(--stop); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.quote { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  body { padding: 1.25rem .75rem 2rem; }
  section { padding: 1rem; }
  .figures { gap: .5rem 1.25rem; }
  .figures dd { font-size: 1.4rem; }
  table { font-size: .8125rem; }
  thead th { font-size: .75rem; }
  th, td { padding: .3rem .3rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .6rem; }
}
"""
