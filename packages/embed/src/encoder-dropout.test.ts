import { memoryFiles } from '@ms/core'
import type { Engine, HostTensor, Inputs } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encoderSpace } from './encoder-space.js'
import { tinyEncoder } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'

const { files, texts } = tinyEncoder('layer norm and dropout')

describe('an encoder trained with dropout', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend: 'wasm', threads: 1 })
  })
  afterAll(() => engine.dispose())

  it('has the layers of its network and of its modules, with their shares and shapes', async () => {
    const encoder = await loadEncoder(files)
    const inputs = encoder.processor.collate(await encoder.processor.prepare(texts, 'query'))
    const [batch, tokens] = inputs['input_ids'].shape
    const layers = new Map(encoder.dropouts?.(inputs))
    const width = encoder.dim
    expect(layers.get('3_Dropout')).toEqual({ shape: [batch, width], rate: 0.5 })
    expect(layers.get('embeddings.dropout')).toMatchObject({ shape: [batch, tokens, width] })
    expect(layers.get('encoder.layer.0.attention.self.dropout')?.shape.slice(0, 3)).toEqual([batch, tokens, tokens])
    expect(layers.get('encoder.layer.0.output.dropout')?.shape).toEqual([batch, tokens, width])
  })

  it('drops the units of the embedding that its last module is told to, and none without a mask', async () => {
    const encoder = await loadEncoder(files)
    const inputs = encoder.processor.collate(await encoder.processor.prepare(texts, 'query'))
    const [batch] = inputs['input_ids'].shape
    const keep = Uint8Array.from({ length: batch * encoder.dim }, (_, i) => (i % 3 === 0 ? 0 : 1))
    const embed = async (masks: Inputs): Promise<HostTensor> => {
      const compiled = await engine.compile(
        (weights, { keep, ...rest }) => ({
          y: encoder.forward(rest, weights, {
            training: true,
            dropout: (layer) => (keep && layer === '3_Dropout' ? { keep, rate: 0.5 } : undefined),
          }),
        }),
        { constants: encoder.parameters },
      )
      const { y } = await compiled.run({ ...inputs, ...masks })
      compiled.dispose()
      return y
    }
    const [whole, dropped] = [await embed({}), await embed({ keep: { shape: [batch, encoder.dim], data: keep } })]
    for (const [i, value] of dropped.data.entries()) expect(value).toBeCloseTo(2 * keep[i] * whole.data[i], 5)
  })

  it('makes vectors of the same space, whatever share it was trained to drop', async () => {
    const json = JSON.parse(new TextDecoder().decode(await files.read('config.json'))) as Record<string, unknown>
    const all = await Promise.all((await files.list()).map(async (name): Promise<[string, Uint8Array]> => [name, await files.read(name)]))
    const config = new TextEncoder().encode(JSON.stringify({ ...json, hidden_dropout_prob: 0.4, attention_probs_dropout_prob: 0 }))
    const other = await loadEncoder(
      memoryFiles(Object.fromEntries(all.map(([name, bytes]) => [name, name === 'config.json' ? config : bytes]))),
    )
    const encoder = await loadEncoder(files)
    expect(await encoderSpace(other)).toBe(await encoderSpace(encoder))
    const inputs = encoder.processor.collate(await encoder.processor.prepare(texts, 'query'))
    expect(other.dropouts?.(inputs).get('embeddings.dropout')?.rate).toBe(0.4)
  })
})
