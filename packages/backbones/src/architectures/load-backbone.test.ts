import { memoryFiles } from '@ms/core'
import { expect, it } from 'vitest'
import type { CheckpointTensor } from '../checkpoint/checkpoint-tensor.js'
import { writeSafetensors } from '../checkpoint/write-safetensors.js'
import { resnet } from '../resnet/resnet.js'
import { loadBackbone } from './load-backbone.js'

it('finds the classifier, too, under the names that wrappers give', async () => {
  const config = { model_type: 'resnet', embedding_size: 4, hidden_sizes: [8], depths: [1], layer_type: 'basic' }
  const { shapes } = resnet.create(resnet.parseConfig(config, 'config.json'))
  const tensor = (shape: readonly number[]): CheckpointTensor => ({
    dtype: 'F32',
    shape: [...shape],
    data: new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(1),
  })
  const weights = [...shapes, ['fc.weight', [3, 8]] as const, ['fc.bias', [3]] as const]
  const loaded = async (prefix: string) => {
    const tensors = new Map(weights.map(([name, shape]) => [`${prefix}${name}`, tensor(shape)]))
    const json = new TextEncoder().encode(JSON.stringify(config))
    const files = memoryFiles({ 'config.json': json, 'model.safetensors': writeSafetensors(tensors) })
    const { classifier, parameters } = await loadBackbone(files, { classifier: true })
    return { shapes: classifier?.shapes, names: [...parameters.keys()] }
  }
  const plain = await loaded('')
  expect(plain.names.length).toBe(shapes.size + 2)
  for (const prefix of ['module.', '_orig_mod.', '_orig_mod.module.']) expect(await loaded(prefix)).toEqual(plain)
})
