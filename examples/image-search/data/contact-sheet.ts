import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComparisonReport, SystemName } from '@ms/cli'
import { pictureOf, type RetrievalData, seededRandom } from '@ms/core'
import { writeFileAtomic } from '@ms/core/node'
import sharp from 'sharp'

/** Pixels of a picture, and around it. */
const [size, gap] = [64, 8]
const cell = size + gap
const [left, top, captionHeight, titleHeight] = [16, 16, 26, 30]
/** Results of a system. */
const depth = 6
const askedWidth = 190
const black = '#1d2126'
const grey = '#667079'
const green = '#16803c'

interface Group {
  readonly caption: string
  readonly queries: readonly string[]
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** Queries taken by lot, so that the sheet shows what is usual, and then those that gained and lost most. */
function groups({ differences: [change] }: ComparisonReport, data: RetrievalData, split: 'test'): Group[] {
  const usual = seededRandom(1, 'contact-sheet')
    .shuffle([...(data.qrels.get(split)?.keys() ?? [])])
    .slice(0, 8)
  const { won, lost } = change.comparison.examples
  const ids = (rows: typeof won) => rows.slice(0, 3).map(({ query }) => query)
  return [
    { caption: 'taken by lot', queries: usual },
    { caption: 'gained most', queries: ids(won) },
    { caption: 'lost most', queries: ids(lost) },
  ].filter(({ queries }) => queries.length > 0)
}

/**
 * One picture that shows what the tuning changed: a row a query, with what was found before and after it, right ones framed.
 * @returns the name of the file
 */
export async function contactSheet(report: ComparisonReport, data: RetrievalData, folder: string): Promise<string[]> {
  const systems = (['keyword', 'base', 'tuned', 'hybrid-tuned'] as const satisfies readonly SystemName[]).filter((name) =>
    hasAnswers(report, name),
  )
  const across = (column: number) => left + askedWidth + column * (depth * cell + 24)
  const documents = new Map(data.corpus.map((document) => [document.id, document]))
  const marks: string[] = []
  const text = (x: number, y: number, words: string, style: string) =>
    marks.push(`<text x="${x}" y="${y}" ${style}>${escaped(words)}</text>`)
  const picture = async (x: number, y: number, image: string) => {
    const bytes = await readFile(pictureOf(data, image))
    marks.push(`<image x="${x}" y="${y}" width="${size}" height="${size}" href="data:image/png;base64,${bytes.toString('base64')}"/>`)
  }

  let y = top + titleHeight
  for (const [column, name] of systems.entries()) {
    text(across(column), top + 14, heading[name], `font-size="15" font-weight="600" fill="${black}"`)
    const { [report.metric as 'ndcg@10']: value } = report.systems[name].metrics
    text(
      across(column) + depth * cell - gap,
      top + 14,
      `${report.metric} ${value.toFixed(3)}`,
      `font-size="13" text-anchor="end" fill="${grey}"`,
    )
  }
  for (const { caption, queries } of groups(report, data, 'test')) {
    text(left, y + 17, caption, `font-size="13" fill="${grey}"`)
    y += captionHeight
    for (const id of queries) {
      const query = data.queries.get(id)
      if (query?.image !== undefined) await picture(left, y, query.image)
      else for (const [i, line] of lines(query?.text ?? id).entries()) text(left, y + 26 + 18 * i, line, `font-size="15" fill="${black}"`)
      const right = data.qrels.get('test')?.get(id)
      for (const [column, name] of systems.entries()) {
        for (const [rank, hit] of (report.runs[name].get(id) ?? []).slice(0, depth).entries()) {
          const x = across(column) + rank * cell
          const image = documents.get(hit.id)?.image
          if (image !== undefined) await picture(x, y, image)
          if ((right?.get(hit.id) ?? 0) > 0)
            marks.push(
              `<rect x="${x - 3}" y="${y - 3}" width="${size + 6}" height="${size + 6}" rx="6" fill="none" stroke="${green}" stroke-width="3"/>`,
            )
        }
      }
      y += cell + 4
    }
  }
  const [width, height] = [across(systems.length) - 24 + left, y + top]
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>${marks.join('')}</svg>`
  const name = `${data.name}.png`
  await writeFileAtomic(join(folder, name), await sharp(Buffer.from(svg), { unlimited: true }).png().toBuffer())
  return [name]
}

const heading = {
  keyword: 'keywords',
  base: 'before tuning',
  tuned: 'after tuning',
  'hybrid-tuned': 'after tuning, with keywords',
} as const

const hasAnswers = ({ runs }: ComparisonReport, name: SystemName) => {
  const words = [...runs.keyword.values()].some((hits) => hits.length > 0)
  return words || name === 'base' || name === 'tuned'
}

/** Words in lines that are not too long for their column. */
function lines(text: string): string[] {
  const made = ['']
  for (const word of text.split(' ')) {
    const last = made[made.length - 1]
    if (`${last} ${word}`.length > 22 && last !== '') made.push(word)
    else made[made.length - 1] = `${last} ${word}`.trim()
  }
  return made.slice(0, 3)
}
