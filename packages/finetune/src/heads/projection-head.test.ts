import { createEmbedder } from '@ms/embed'
import { saveEncoderDirectory } from '@ms/embed/node'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import { wordsEncoder as encoder, width, words } from '../fixtures/words-encoder.js'
import { supervisedContrastive } from '../losses/supervised-contrastive.js'
import { adamw } from '../optimizers/adam.js'
import { constant } from '../schedules/schedule.js'
import { finish, train } from '../train/train.js'
import { projectionHead } from './projection-head.js'

describe('projectionHead', async () => {
  const engine = await createEagerEngine({ backend: 'cpu' })
  afterAll(() => engine.dispose())
  const head = projectionHead(encoder, { dim: 3, seed: 5 })

  it('gives every dimension mean 0 and variance 1 over the batch, before vectors are scaled to unit length', async () => {
    const { modules } = head.encoder.parts
    expect(modules.map(({ type }) => type)).toEqual(['Dense', 'Standardised', 'Normalize'])
    const plain = head.encoder.withModules(modules.slice(0, -1), head.encoder.parameters)
    const embedder = await createEmbedder(plain, { engine })
    const { data, dim, count } = await embedder.embed(words.slice(1), { role: 'document' })
    await embedder.dispose()
    expect([count, dim]).toEqual([words.length - 1, 3])
    for (let j = 0; j < dim; j++) {
      const column = Array.from({ length: count }, (_, i) => data[i * dim + j])
      const mean = column.reduce((sum, value) => sum + value, 0) / count
      expect(mean).toBeCloseTo(0, 5)
      expect(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count).toBeCloseTo(1, 2)
    }
  })

  it('leaves the encoder its modules and what training has made of its weights', async () => {
    const { encoder: trained } = await finish(
      train({
        encoder: head.encoder,
        examples: { kind: 'labelled', columns: [words.slice(1, 5)], labels: ['colour', 'colour', 'colour', 'thing'] },
        loss: supervisedContrastive({ temperature: 0.1, perClass: 2 }),
        settings: { epochs: 2, batchSize: 4, learningRate: 0.1, optimizer: adamw(), schedule: constant() },
        engine,
      }),
    )
    const bare = head.remove(trained)
    expect(bare.dim).toBe(width)
    expect(bare.parts.modules.map(({ type }) => type)).toEqual(encoder.parts.modules.map(({ type }) => type))
    expect([...bare.parameters.keys()]).toEqual([...encoder.parameters.keys()])
    const [[name, { data: before }]] = encoder.parameters
    expect(bare.parameters.get(name)?.data).toEqual(trained.parameters.get(name)?.data)
    expect(bare.parameters.get(name)?.data).not.toEqual(before)
  })

  it('cannot be saved: no reader would know it', async () => {
    await expect(saveEncoderDirectory(head.encoder, '/nowhere/at/all')).rejects.toThrow(
      expect.objectContaining({ code: 'encoder.module-unknown' }),
    )
  })
})
