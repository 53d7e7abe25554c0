import { readdirSync, readFileSync } from 'node:fs'
import type { Engine, Inputs, Parameters } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CheckpointTensor, toFloat32 } from '../checkpoint/checkpoint-tensor.js'
import { parametersFrom } from '../checkpoint/load-parameters.js'
import { readSafetensors } from '../checkpoint/read-safetensors.js'
import { bert } from './bert.js'
import { bertStates } from './bert-forward.js'

const golden = new URL('../../golden/', import.meta.url)
const files = readdirSync(golden).filter((name) => name.startsWith('tiny-bert-'))

/** What Python wrote: the checkpoint, the batch, and its state after every stage. */
function readCase(file: string) {
  const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(new URL(file, golden))), file)
  const config = bert.parseConfig(JSON.parse(metadata['config']), file)
  const backbone = bert.create(config)
  const entries = new Map(
    [...tensors].filter(([name]) => !name.startsWith('golden.')).map(([name, tensor]) => [name, { tensor, where: file }]),
  )
  const parameters = parametersFrom(entries, backbone.shapes, { rename: (key) => bert.rename(key, config), where: file })
  const inputs: Record<string, { shape: readonly number[]; data: Int32Array }> = {}
  const states: CheckpointTensor[] = []
  for (const [name, tensor] of tensors) {
    if (name.startsWith('golden.state.')) states[Number(name.slice('golden.state.'.length))] = tensor
    else if (name.startsWith('golden.') && tensor.dtype === 'I32') inputs[name.slice('golden.'.length)] = tensor
  }
  return { config, backbone, parameters, inputs, states }
}

async function statesOn(engine: Engine, config: ReturnType<typeof readCase>['config'], parameters: Parameters, inputs: Inputs) {
  const compiled = await engine.compile(
    (weights, tensors) => Object.fromEntries(bertStates(config, tensors, weights).map((state, i) => [`${i}`, state])),
    { constants: parameters },
  )
  const result = await compiled.run(inputs)
  compiled.dispose()
  return Object.keys(result).map((_, i) => result[i].data)
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length)
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Number.isFinite(a[i]) ? Math.abs(a[i] - b[i]) : Number.POSITIVE_INFINITY)
  return largest
}

it('has golden values of several configurations', () => expect(files.length).toBeGreaterThanOrEqual(6))

describe.each(['cpu', 'wasm'] as const)('BERT on %s computes what PyTorch computes', (backend) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend, threads: 1 })
  })
  afterAll(() => engine.dispose())

  it.each(files)('%s: embeddings and every layer', async (file) => {
    const { config, parameters, inputs, states } = readCase(file)
    const computed = await statesOn(engine, config, parameters, inputs)
    expect(computed.length).toBe(config.num_hidden_layers + 1)
    const differences = computed.map((state, i) => largestDifference(state, toFloat32(states[i])))
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-5)
  })

  it('gives tokens and mask of the batch, whatever stands in the padding, with a mask of either type', async () => {
    const { backbone, parameters, inputs, config } = readCase('tiny-bert-gelu.safetensors')
    const compiled = await engine.compile(
      (weights, tensors) => {
        const hidden = backbone.forward(tensors, weights, { training: false })
        if (hidden.kind !== 'tokens') throw new TypeError('a BERT gives tokens')
        return { tokens: hidden.tokens, mask: hidden.mask }
      },
      { constants: parameters },
    )
    const first = await compiled.run(inputs)
    expect(first.tokens.shape).toEqual([3, 7, config.hidden_size])
    expect([...first.mask.data]).toEqual([...inputs['attention_mask'].data])
    const { input_ids: ids, attention_mask: mask } = inputs
    const other = Int32Array.from(ids.data, (id, i) => (mask.data[i] ? id : (id + 5) % config.vocab_size))
    const second = await compiled.run({
      input_ids: { shape: ids.shape, data: other },
      attention_mask: { shape: mask.shape, data: Float32Array.from(mask.data) },
    })
    for (let t = 0; t < mask.data.length; t++) {
      if (!mask.data[t]) continue
      const at = (x: typeof first) => x.tokens.data.slice(t * config.hidden_size, (t + 1) * config.hidden_size)
      expect(largestDifference(at(first), at(second))).toBeLessThanOrEqual(1e-6)
    }
    compiled.dispose()
  })

  it('stays finite where a text has no token at all, and leaves nothing behind', async () => {
    const { config, parameters, inputs } = readCase('tiny-bert-gelu.safetensors')
    const before = engine.memory().tensors
    const empty = { ...inputs, attention_mask: { shape: [3, 7], data: new Int32Array(21) } }
    for (const state of await statesOn(engine, config, parameters, empty)) expect([...state].every(Number.isFinite)).toBe(true)
    expect(engine.memory().tensors).toBe(before)
  })

  it('refuses more tokens than it has positions, and inputs of other shapes', async () => {
    const { backbone, parameters } = readCase('tiny-bert-gelu.safetensors')
    const compiled = await engine.compile(
      (weights, tensors) => {
        backbone.forward(tensors, weights, { training: false })
        return {}
      },
      { constants: parameters },
    )
    const batch = (tokens: number, maskTokens: number) => ({
      input_ids: { shape: [1, tokens], data: new Int32Array(tokens) },
      attention_mask: { shape: [1, maskTokens], data: new Int32Array(maskTokens).fill(1) },
    })
    await expect(compiled.run(batch(10, 10))).rejects.toMatchObject({ code: 'inputs.length' })
    await expect(compiled.run(batch(4, 5))).rejects.toMatchObject({ code: 'inputs.shape' })
    compiled.dispose()
  })
})
