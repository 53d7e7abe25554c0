import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createEagerEngine } from '@ms/runtime'
import { describe, expect, it } from 'vitest'
import { toyEncoder, toyLoss } from '../fixtures/toy-encoder.js'
import { adam } from '../optimizers/adam.js'
import { linear } from '../schedules/schedule.js'
import { finish, train } from './train.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

describe('a long training', () => {
  it('needs no more memory after another 1,000 steps', async () => {
    const items = Array.from({ length: 80 }, (_, i) => `item ${i}`)
    const columns = [items, items.map((item) => item.toUpperCase())]
    const engine = await createEagerEngine({ backend: 'wasm', threads: 1 })
    const settings = { epochs: 140, batchSize: 8, learningRate: 0.01, optimizer: adam(), schedule: linear() }
    const seen: { step: number; tensors: number; rss: number }[] = []
    await finish(train({ encoder: toyEncoder(), examples: { kind: 'pair', columns }, loss: toyLoss, engine, settings }), (event) => {
      if (event.type !== 'step' || event.step % 1000 < 300 || event.step % 1000 > 400 || event.step % 25 !== 0) return
      collect()
      seen.push({ step: event.step, tensors: engine.memory().tensors, rss: process.memoryUsage().rss })
    })
    await engine.dispose()
    expect(seen).toHaveLength(10)
    expect(new Set(seen.map(({ tensors }) => tensors)).size).toBe(1)
    // Compiling and collecting move the figure by some per cent at any moment: the steadiest of five, before and after.
    const early = Math.max(...seen.filter(({ step }) => step < 1000).map(({ rss }) => rss))
    const late = Math.min(...seen.filter(({ step }) => step > 1000).map(({ rss }) => rss))
    expect(late).toBeLessThan(early * 1.05)
  })
})
