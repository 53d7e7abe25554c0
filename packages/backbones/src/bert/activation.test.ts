import { readFileSync } from 'node:fs'
import type { Engine } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { activation, activationNames } from './activation.js'

const golden: { x: number[]; values: Record<string, number[]> } = JSON.parse(
  readFileSync(new URL('../../golden/activations.json', import.meta.url), 'utf8'),
)

describe('activations', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend: 'cpu' })
  })
  afterAll(() => engine.dispose())

  it.each(activationNames)('%s has the values of PyTorch', async (name) => {
    const compiled = await engine.compile((_, { x }) => ({ y: activation(name)(x as Tensor2D) }), { constants: new Map() })
    const { y } = await compiled.run({ x: { shape: [2, golden.x.length / 2], data: new Float32Array(golden.x) } })
    compiled.dispose()
    const wanted = golden.values[name]
    for (const [i, value] of [...y.data].entries()) expect(Math.abs(value - wanted[i]), `${name}(${golden.x[i]})`).toBeLessThanOrEqual(2e-6)
  })
})
