import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seenStyles, unseenStyle } from '../../examples/image-search/data/search-data.js'
import type { Engine } from '../../packages/core/src/tensor/index.js'
import type { ImageEncoder } from '../../packages/embed/src/index.js'
import { openModel } from '../../packages/embed/src/node/index.js'
import { miniImage } from '../../packages/mini/src/index.js'
import { openEngine } from '../../packages/runtime/src/node/index.js'
import { type EmojiDrawings, openEmoji, searchEmoji, withHead } from './emoji-features.js'

/** What ms-mini-image holds on emoji that no training has seen … */
const least = { seen: { 'ndcg@10': 0.58, 'hit@1': 0.515 }, unseen: { 'ndcg@10': 0.615 } }
/** … and with a closed-form head behind it, fitted on the emoji that may be trained on. */
const headed = { seen: 0.585, unseen: 0.615 }

describe('ms-mini-image on emoji', () => {
  let emoji: EmojiDrawings
  let engine: Engine
  let encoder: ImageEncoder
  beforeAll(async () => {
    emoji = await openEmoji()
    engine = await openEngine({ threads: 1 })
    const { image } = await openModel(miniImage())
    encoder = image as ImageEncoder
  })
  afterAll(() => engine?.dispose())

  it.each([
    ['seen', seenStyles],
    ['unseen', unseenStyle],
  ] as const)(
    'finds held-out things, asked in styles that training has %s',
    async (name, sides) => {
      const found = await searchEmoji(encoder, sides, emoji, engine)
      for (const [metric, bound] of Object.entries(least[name])) {
        expect(found[metric as 'ndcg@10'], metric).toBeGreaterThanOrEqual(bound)
      }
    },
    300_000,
  )

  it('gains by a head in closed form', async () => {
    const model = await withHead(encoder, emoji, { engine })
    const seen = await searchEmoji(model, seenStyles, emoji, engine)
    const unseen = await searchEmoji(model, unseenStyle, emoji, engine)
    for (const found of [seen, unseen])
      console.info(`with a head: nDCG@10 ${found['ndcg@10'].toFixed(3)}, Hit@1 ${found['hit@1'].toFixed(3)}`)
    expect(seen['ndcg@10']).toBeGreaterThanOrEqual(headed.seen)
    expect(unseen['ndcg@10']).toBeGreaterThanOrEqual(headed.unseen)
  }, 300_000)
})
