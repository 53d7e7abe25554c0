import { memoryFiles } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { bert } from '../bert/bert.js'
import { torchFile } from '../fixtures/torch-files.js'
import type { CheckpointTensor } from './checkpoint-tensor.js'
import { encodeFloat16 } from './half-float.js'
import { quantizeRows } from './int8-rows.js'
import { loadParameters } from './load-parameters.js'
import { writeSafetensors } from './write-safetensors.js'

const shapes = new Map([
  ['dense.weight', [2, 3]],
  ['dense.bias', [2]],
])
const weight: CheckpointTensor = { dtype: 'F32', shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) }
const bias: CheckpointTensor = { dtype: 'F32', shape: [2], data: new Float32Array([0.5, -0.5]) }
const filesOf = (tensors: Record<string, CheckpointTensor>) =>
  memoryFiles({ 'model.safetensors': writeSafetensors(new Map(Object.entries(tensors))) }, 'M')
const f32 = (shape: number[], values: number[]): CheckpointTensor => ({ dtype: 'F32', shape, data: new Float32Array(values) })

describe('loadParameters', () => {
  it('reads the weights of one file, in the order of the shapes', async () => {
    const parameters = await loadParameters(filesOf({ 'dense.bias': bias, 'dense.weight': weight }), shapes)
    expect([...parameters]).toEqual([
      ['dense.weight', { shape: [2, 3], data: weight.data }],
      ['dense.bias', { shape: [2], data: bias.data }],
    ])
  })

  it('reads shards in a folder, and F16 and BF16 as float32', async () => {
    const half: CheckpointTensor = { dtype: 'F16', shape: [2, 3], data: encodeFloat16(new Float32Array([1, 2, 3, 4, 5, 6])) }
    const brain: CheckpointTensor = { dtype: 'BF16', shape: [2], data: new Uint16Array([0x3f00, 0xbf00]) }
    const files = memoryFiles({
      '0_Transformer/model-00001-of-00002.safetensors': writeSafetensors(new Map([['dense.weight', half]])),
      '0_Transformer/model-00002-of-00002.safetensors': writeSafetensors(new Map([['dense.bias', brain]])),
      '0_Transformer/model.safetensors.index.json': JSON.stringify({
        metadata: { total_size: 16 },
        weight_map: { 'dense.weight': 'model-00001-of-00002.safetensors', 'dense.bias': 'model-00002-of-00002.safetensors' },
      }),
    })
    const parameters = await loadParameters(files, shapes, { folder: '0_Transformer' })
    expect(parameters.get('dense.weight')?.data).toEqual(weight.data)
    expect(parameters.get('dense.bias')?.data).toEqual(bias.data)
  })

  it.each(['bert.', 'model.', 'module.model.', '0.auto_model.'])('takes off the prefix %s', async (prefix) => {
    const parameters = await loadParameters(filesOf({ [`${prefix}dense.weight`]: weight, [`${prefix}dense.bias`]: bias }), shapes)
    expect(parameters.size).toBe(2)
  })

  it('restores a table in int8 with row scales', async () => {
    const { rows, scale } = quantizeRows(new Float32Array([1, -2, 0.5, 0, 0, 0]), 3)
    const files = filesOf({
      'embedding.weight': { dtype: 'I8', shape: [2, 3], data: rows },
      'embedding.scale': { dtype: 'F32', shape: [2], data: scale },
    })
    const data = (await loadParameters(files, new Map([['embedding.weight', [2, 3]]]))).get('embedding.weight')?.data ?? []
    for (const [i, value] of [1, -2, 0.5, 0, 0, 0].entries()) expect(Math.abs(data[i] - value)).toBeLessThanOrEqual(2 / 127 / 2 + 1e-7)
  })

  it('restores a convolution in int8 with a scale for each channel that comes out', async () => {
    const values = new Float32Array([4, -2, 1, 0.25, 0.01, 0.02, -0.03, 0.04])
    const { rows, scale } = quantizeRows(values, 4)
    const files = filesOf({
      'conv.weight': { dtype: 'I8', shape: [2, 1, 2, 2], data: rows },
      'conv.scale': { dtype: 'F32', shape: [2], data: scale },
    })
    const { shape, data } = (await loadParameters(files, new Map([['conv.weight', [2, 1, 2, 2]]]))).get('conv.weight') ?? { data: [] }
    expect(shape).toEqual([2, 1, 2, 2])
    for (const [i, value] of values.entries()) expect(Math.abs(data[i] - value)).toBeLessThanOrEqual((i < 4 ? 4 : 0.04) / 127 / 2 + 1e-7)
  })

  const ok = { 'dense.weight': weight, 'dense.bias': bias }
  const index = (map: unknown) => JSON.stringify({ weight_map: map })
  const bad: [string, ReturnType<typeof memoryFiles>, string, RegExp][] = [
    ['nothing there', memoryFiles({ 'config.json': '{}' }, 'M'), 'weights.none', /model\.safetensors/],
    ['only a TensorFlow file', memoryFiles({ 'tf_model.h5': 'x' }, 'M'), 'weights.format', /tf_model\.h5/],
    ['several files', memoryFiles({ 'a.pth': 'x', 'b.safetensors': 'x' }, 'M'), 'weights.several', /a\.pth, b\.safetensors/],
    [
      'an index without its PyTorch shards',
      memoryFiles({ 'pytorch_model.bin.index.json': index({ 'dense.weight': 'pytorch_model-1.bin' }) }),
      'weights.shards',
      /pytorch_model-1\.bin/,
    ],
    ['a missing weight', filesOf({ 'dense.weight': weight }), 'weights.missing', /1 weight:.*dense\.bias/],
    ['an extra weight', filesOf({ ...ok, 'other.bias': bias }), 'weights.extra', /other\.bias/],
    [
      'a wrong shape',
      filesOf({ ...ok, 'dense.weight': f32([3, 2], [1, 2, 3, 4, 5, 6]) }),
      'weights.shape',
      /dense\.weight is \[3, 2\].*\[2, 3\]/,
    ],
    ['NaN', filesOf({ ...ok, 'dense.weight': f32([2, 3], [1, 2, 3, 4, Number.NaN, 6]) }), 'weights.nan', /dense\.weight.*NaN, in row 1/],
    ['infinity', filesOf({ ...ok, 'dense.bias': f32([2], [0, -Infinity]) }), 'weights.nan', /dense\.bias.*-Infinity/],
    ['the same weight under two names', filesOf({ ...ok, 'bert.dense.bias': bias }), 'weights.duplicate', /dense\.bias/],
    ['integers', filesOf({ ...ok, 'dense.bias': { dtype: 'I32', shape: [2], data: new Int32Array(2) } }), 'weights.dtype', /I32/],
    [
      'int8 without scales',
      filesOf({ ...ok, 'dense.weight': { dtype: 'I8', shape: [2, 3], data: new Int8Array(6) } }),
      'weights.dtype',
      /dense\.scale/,
    ],
    [
      'an index without its shards',
      memoryFiles({ 'model.safetensors.index.json': index({ 'dense.weight': 'a.safetensors' }) }),
      'weights.shards',
      /a\.safetensors/,
    ],
    ['an index that is no index', memoryFiles({ 'model.safetensors.index.json': '[]' }), 'weights.shards', /weight_map/],
    [
      'a shard without the tensor the index promises',
      memoryFiles({
        'model.safetensors.index.json': index({ 'dense.bias': 'a.safetensors' }),
        'a.safetensors': writeSafetensors(new Map()),
      }),
      'weights.shards',
      /dense\.bias/,
    ],
    [
      'a truncated file',
      memoryFiles({ 'model.safetensors': writeSafetensors(new Map(Object.entries(ok))).slice(0, -1) }),
      'checkpoint.truncated',
      /ends at byte/,
    ],
  ]
  it.each(bad)('says so: %s', async (_, files, code, message) => {
    await expect(loadParameters(files, shapes)).rejects.toMatchObject({ name: 'MsError', code, message: expect.stringMatching(message) })
  })

  it.each(['pytorch_model.bin', 'resnet50-0676ba61.pth', 'weights.pt', 'weights.safetensors'])(
    'reads %s, whatever torch.save or safetensors wrote into it',
    async (name) => {
      const floats = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer)
      const tensors = {
        'module.dense.weight': { key: '0', length: 6, shape: [2, 3], strides: [1, 2] },
        'module.dense.bias': { key: '1', length: 2, shape: [2], strides: [1] },
      }
      const bytes = torchFile(tensors, { 0: floats([1, 4, 2, 5, 3, 6]), 1: floats([7, 8]) })
      const parameters = await loadParameters(memoryFiles({ [name]: bytes, 'config.json': '{}' }), shapes)
      expect([...(parameters.get('dense.weight')?.data ?? [])]).toEqual([1, 2, 3, 4, 5, 6])
      expect([...(parameters.get('dense.bias')?.data ?? [])]).toEqual([7, 8])
    },
  )

  it('knowingly ignores the heads and buffers of a BERT, under any prefix, and nothing else', async () => {
    const config = bert.parseConfig(
      { vocab_size: 2, hidden_size: 2, num_hidden_layers: 0, num_attention_heads: 1, intermediate_size: 2, max_position_embeddings: 2 },
      'c',
    )
    const { shapes } = bert.create(config)
    const own = Object.fromEntries(
      [...shapes].map(([name, shape]) => [`bert.${name}`, f32([...shape], Array(shape.reduce((a, b) => a * b)).fill(1))]),
    )
    const heads = [
      'bert.pooler.dense.weight',
      'cls.predictions.bias',
      'classifier.weight',
      'bert.embeddings.position_ids',
      'qa_outputs.bias',
    ]
    const more = Object.fromEntries(heads.map((name) => [name, bias]))
    const options = { rename: (key: string) => bert.rename(key, config) }
    expect((await loadParameters(filesOf({ ...own, ...more }), shapes, options)).size).toBe(shapes.size)
    const surplus = filesOf({ ...own, 'bert.encoder.layer.0.output.dense.bias': bias })
    await expect(loadParameters(surplus, shapes, options)).rejects.toMatchObject({ code: 'weights.extra' })
  })
})
