/** How a report looks: readable in light and dark, on paper and on a telephone. */
export const styleSheet = `
:root { color-scheme: light dark; --ink: #1d2126; --soft: #667079; --paper: #fff; --panel: #f5f6f8; --rule: #dfe3e8; --accent: #2563c9; --second: #c2571a; --good: #16803c; --bad: #b42318 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #9aa3ad; --paper: #15181c; --panel: #1e2227; --rule: #333a42; --accent: #6ea8fe; --second: #f0955a; --good: #4fc17a; --bad: #f47b70 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 80px }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px } h2 { font-size: 19px; margin: 40px 0 12px } h4 { font-size: 12px; margin: 0 0 6px; color: var(--soft); font-weight: 600 }
.about, .note, .none { color: var(--soft) } .note { font-size: 13px; margin: 6px 0 }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 8px 20px; margin: 20px 0 0 } dt { font-size: 12px; color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 16px } figure { margin: 0; background: var(--panel); border-radius: 8px; padding: 12px } figcaption { font-size: 13px; color: var(--soft) }
.chart { width: 100%; height: auto; display: block } .grid { stroke: var(--rule) } .tick { font-size: 11px; fill: var(--soft) }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round } polyline.line0 { stroke: var(--accent) } polyline.line1 { stroke: var(--second) } circle.line0, .mark { fill: var(--accent) } circle.line1 { fill: var(--second) } .mark { fill: var(--good); stroke: var(--panel); stroke-width: 2 }
.legend span { margin-right: 14px; font-size: 12px } .legend i { display: inline-block; width: 14px; height: 3px; margin-right: 5px; vertical-align: middle; background: var(--accent) } .legend i.line1 { background: var(--second) }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: 12px 0; font-variant-numeric: tabular-nums } th, td { padding: 5px 14px 5px 0; text-align: right; border-bottom: 1px solid var(--rule); font-weight: 400 } th { color: var(--soft); font-size: 13px } th:first-child { text-align: left }
.bars td { padding: 5px 10px; background: linear-gradient(to right, color-mix(in srgb, var(--accent) 16%, transparent) calc(var(--part) * 100%), transparent 0) } .best, .better { font-weight: 650 } .better { color: var(--good) } .worse { color: var(--bad); font-weight: 650 }
.query { display: grid; grid-template-columns: minmax(130px, 1fr) repeat(auto-fit, minmax(200px, 2fr)); gap: 18px; padding: 16px 0; border-top: 1px solid var(--rule) }
.asked { font-weight: 600 } .asked .note { font-weight: 400 } .asked > img { width: 72px; height: 72px }
img { width: 44px; height: 44px; object-fit: contain; background: #fff; border-radius: 5px; display: block } .right-answers { display: flex; gap: 6px; flex-wrap: wrap; font-weight: 400; font-size: 13px } .right-answers img { width: 32px; height: 32px } .right-answers:has(img) span { display: none }
ol { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 6px } li { border: 2px solid var(--rule); border-radius: 8px; padding: 3px 8px; font-size: 13px; max-width: 100%; overflow-wrap: anywhere } li:has(img) { padding: 3px } li.hit { border-color: var(--good) } li:has(img) span { display: none }
@media (max-width: 700px) { .query { grid-template-columns: 1fr } }
`
