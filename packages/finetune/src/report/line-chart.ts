import { html, type Markup } from './html.js'

export interface Line {
  readonly name: string
  /** x and y, by ascending x. */
  readonly points: readonly (readonly [number, number])[]
}

export interface LineChartOptions {
  /** What stands along the bottom: `step`. */
  readonly along: string
  /** Marks a point of the first line: the one that was kept. */
  readonly mark?: { readonly x: number; readonly label: string }
}

const [width, height, left, bottom, top, right] = [560, 220, 52, 30, 12, 12]

/** Round numbers from least to most, about `count` of them. */
export function ticks(least: number, most: number, count: number): number[] {
  const span = most - least
  if (!(span > 0)) return [least]
  const rough = span / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power
  const first = Math.ceil(least / step - 1e-9)
  return Array.from({ length: Math.floor(most / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** Many points are drawn as the mean of their neighbours, so that a noisy loss stays readable. */
function thinned(points: Line['points'], most = 280): Line['points'] {
  if (points.length <= most) return points
  return Array.from({ length: most }, (_, i) => {
    const part = points.slice(Math.floor((i * points.length) / most), Math.floor(((i + 1) * points.length) / most))
    return [part[part.length - 1][0], part.reduce((sum, [, y]) => sum + y, 0) / part.length] as const
  })
}

/** Lines over a common axis, as SVG. Points that are not finite are left out. */
export function lineChart(lines: readonly Line[], { along, mark }: LineChartOptions): Markup {
  const drawn = lines.map(({ name, points }) => ({
    name,
    points: thinned(points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))),
  }))
  const all = drawn.flatMap(({ points }) => points)
  if (all.length === 0) return html`<p class="none">nothing was measured</p>`
  const [x0, x1] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))]
  const [y0, y1] = [Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y))]
  // Between two steps there is nothing to be named.
  const whole = all.every(([x]) => Number.isInteger(x))
  const margin = (y1 - y0 || Math.abs(y1) || 1) * 0.06
  const [low, high] = [y0 - margin, y1 + margin]
  const across = (x: number) => (x1 === x0 ? (left + width - right) / 2 : left + ((x - x0) / (x1 - x0)) * (width - left - right)).toFixed(1)
  const up = (y: number) => (height - bottom - ((y - low) / (high - low)) * (height - bottom - top)).toFixed(1)
  const marked = mark && drawn[0].points.reduce((best, point) => (Math.abs(point[0] - mark.x) < Math.abs(best[0] - mark.x) ? point : best))
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${drawn.map(({ name }) => name).join(', ')} by ${along}">
${ticks(low, high, 4).map((y) => html`<line class="grid" x1="${left}" x2="${width - right}" y1="${up(y)}" y2="${up(y)}"/><text class="tick" x="${left - 6}" y="${up(y)}" text-anchor="end" dominant-baseline="middle">${y}</text>`)}
${ticks(x0, x1, whole ? Math.min(6, x1 - x0) : 6).map((x) => html`<text class="tick" x="${across(x)}" y="${height - 10}" text-anchor="middle">${x}</text>`)}
<text class="tick" x="${width - right}" y="${height - 10}" text-anchor="end" dx="0" dy="-18">${along}</text>
${drawn.map(({ points }, i) =>
  points.length === 1
    ? html`<circle class="line${i}" cx="${across(points[0][0])}" cy="${up(points[0][1])}" r="3"/>`
    : html`<polyline class="line${i}" points="${points.map(([x, y]) => `${across(x)},${up(y)}`).join(' ')}"/>`,
)}
${marked && html`<circle class="mark" cx="${across(marked[0])}" cy="${up(marked[1])}" r="4"><title>${mark?.label}</title></circle>`}
</svg>${drawn.length > 1 ? html`<p class="legend">${drawn.map(({ name }, i) => html`<span><i class="line${i}"></i>${name}</span>`)}</p>` : undefined}`
}
