import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRetrievalData } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawEmoji } from './draw-emoji.js'
import { type Emoji, readEmoji } from './emoji.js'
import { pictureSearch, seenStyles, unseenStyle } from './search-data.js'
import { everyEmoji, heldOut, wordless, wordSearch } from './words.js'
import { writeBeir } from './write-beir.js'

let folder: string
let emoji: Emoji[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-emoji-'))
  emoji = await readEmoji()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the benchmark', () => {
  it.each([
    ['seen', seenStyles, 516, 2_396],
    ['unseen', unseenStyle, 258, 3_200],
  ])('of %s styles asks for held-out things only, among all', (_, sides, queries, gallery) => {
    const data = pictureSearch(emoji, sides, '')
    expect([data.qrels.get('test')?.size, data.corpus.length]).toEqual([queries, gallery])
    const styleOf = (id: string) => id.split('/')[0]
    const codeOf = (id: string) => id.split('/')[1]
    const seen = new Map<string, string>()
    for (const [split, qrels] of data.qrels) {
      for (const [query, right] of qrels) {
        expect(seen.get(codeOf(query)) ?? split).toBe(split)
        seen.set(codeOf(query), split)
        expect(sides.queries).toContain(styleOf(query))
        for (const id of right.keys()) {
          expect(codeOf(id)).toBe(codeOf(query))
          expect(sides.gallery).toContain(styleOf(id))
        }
      }
    }
  })
})

describe('words that find drawings', () => {
  it.each([
    ['all', everyEmoji, 2_734],
    ['held-out', heldOut, 385],
  ])('of %s emoji never stand with what they find', (_, searched, documents) => {
    const data = wordSearch(emoji, searched, '')
    expect([data.qrels.get('test')?.size, data.qrels.get('dev')?.size, data.corpus.length]).toEqual([516, 254, documents])
    const words = new Map(data.corpus.map(({ id, text = '' }) => [id, text.toLowerCase().split(' · ')]))
    let found = 0
    for (const qrels of data.qrels.values()) {
      for (const [query, right] of qrels) {
        const name = data.queries.get(query)?.text?.toLowerCase() ?? ''
        for (const id of right.keys()) {
          expect(words.get(id), name).not.toContain(name)
          found += words.get(id)?.length ?? 0
        }
      }
    }
    expect(found).toBeGreaterThan(documents)
  })
  it('are searched among nothing that was trained on, and without any words where pictures stand alone', () => {
    const train = new Set(emoji.filter(({ split }) => split === 'train').map(({ code }) => `twemoji/${code}`))
    for (const searched of [heldOut, wordless]) {
      for (const { id } of wordSearch(emoji, searched, '').corpus) expect(train).not.toContain(id)
    }
    expect(wordSearch(emoji, wordless, '').corpus.filter(({ title, text }) => title ?? text)).toEqual([])
  })
})

describe('drawEmoji and writeBeir', () => {
  it('draw 64 × 64 pixels on white, once, and write what reads back as it was', async () => {
    const few = emoji.filter((_, i) => i % 100 === 0)
    const drawn = await drawEmoji(few, join(folder, 'drawn'))
    expect(await drawEmoji(few, drawn)).toBe(drawn)
    const data = pictureSearch(few, seenStyles, drawn)
    const beir = join(folder, data.name)
    await writeBeir(data, beir)
    expect(await readRetrievalData(directoryFiles(beir))).toEqual({ ...data, location: beir })
    const { width, height, hasAlpha } = await sharp(join(beir, data.corpus[0].image ?? '')).metadata()
    expect([width, height, hasAlpha]).toEqual([64, 64, false])
    const { channels } = await sharp(join(beir, data.corpus[0].image ?? '')).stats()
    expect(channels.map(({ max }) => max)).toEqual([255, 255, 255])
  })
})
