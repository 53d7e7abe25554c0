import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../packages/core/src/tensor/index.js'
import type { ImageEncoder } from '../../packages/embed/src/index.js'
import { openEngine } from '../../packages/runtime/src/node/index.js'
import {
  drawingsOf,
  type EmojiDrawings,
  type Features,
  featuresOf,
  keptFeatures,
  lite0Weights,
  measure,
  openEmoji,
  openLite0,
  withHead,
} from './emoji-features.js'

/**
 * EfficientNet-Lite0 with ImageNet weights, frozen, on whole drawings of 224 pixels. PyTorch reaches so much of it untuned …
 */
const untuned = {
  seen: { 'hit@1': 0.417, 'recall@10': 0.549, 'map@r': 0.318, 'ndcg@10': 0.462 },
  unseen: { 'hit@1': 0.535, 'recall@10': 0.543, 'map@r': 0.321, 'ndcg@10': 0.483 },
} as const
const tolerance = 0.02
/** … and this must be reached with the closed-form head behind it (PyTorch: .580 and .580). */
const least = { seen: 0.575, unseen: 0.575 }
/** Processor seconds for the head and the measurement, once the network has seen the pictures. */
const longest = 30

/** The network's pass over 6,969 drawings takes minutes: MS_REGRESSION=1 lets it be made, after that it is kept. */
const compute = process.env['MS_REGRESSION'] === '1'

describe.skipIf(!lite0Weights)('EfficientNet-Lite0 on emoji', () => {
  let emoji: EmojiDrawings
  let engine: Engine
  let encoder: ImageEncoder
  let features: Features | undefined
  beforeAll(async () => {
    emoji = await openEmoji()
    engine = await openEngine({ threads: 1 })
    encoder = await openLite0(224)
    features = await featuresOf(encoder, drawingsOf(emoji), { compute, engine })
  }, 1_800_000)
  afterAll(() => engine?.dispose())

  it(`is measured as PyTorch measures it, ± ${tolerance}`, async ({ skip }) => {
    if (!features) return skip('the drawings were not encoded yet: MS_REGRESSION=1')
    const found = await measure(encoder, features, emoji, engine)
    for (const part of ['seen', 'unseen'] as const) {
      for (const [name, value] of Object.entries(untuned[part])) {
        expect(Math.abs(found[part][name] - value), `${part} ${name} ${found[part][name]}`).toBeLessThanOrEqual(tolerance)
      }
    }
  })

  it(`reaches nDCG@10 ${least.seen} and ${least.unseen} with a head in closed form, in ${longest} s`, async ({ skip }) => {
    if (!features) return skip('the drawings were not encoded yet: MS_REGRESSION=1')
    const before = process.cpuUsage()
    const headed = await withHead(encoder, emoji, { engine, features: keptFeatures() })
    const found = await measure(headed, features, emoji, engine)
    const { user, system } = process.cpuUsage(before)
    expect(found.seen['ndcg@10']).toBeGreaterThanOrEqual(least.seen)
    expect(found.unseen['ndcg@10']).toBeGreaterThanOrEqual(least.unseen)
    expect((user + system) / 1e6).toBeLessThanOrEqual(longest)
  })
})
