import { readdirSync, readFileSync } from 'node:fs'
import type { Engine, HostTensor, Inputs, Parameters, Tensors } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import type * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convolutional } from './architectures/convolutional.js'
import { findBackbone } from './architectures/find-backbone.js'
import { parametersFrom } from './checkpoint/load-parameters.js'
import type { CheckpointEntry } from './checkpoint/open-checkpoint.js'
import { seededUniform, seededWeight } from './fixtures/seeded-weights.js'
import type { ImageBackbonePlugin } from './layers/image-backbone-plugin.js'

const folder = new URL('../golden/convolutional/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

/** What scripts/golden/convolutional.py wrote. Of each map a sample of at most 160 values, at equal distances. */
interface Golden {
  config: Record<string, unknown>
  /** Of the pictures. */
  shape: number[]
  classes: number
  /** Of the checkpoint of the other library. */
  keys: Record<string, number[]>
  shapes: number[][]
  eval: string[]
  train?: string[]
  statistics?: Record<string, string>
  logits: string
}

const readGolden = (file: string): Golden => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))

function readCase(file: string) {
  const golden = readGolden(file)
  const plugin = findBackbone(convolutional, golden.config, file) as ImageBackbonePlugin<unknown>
  const config = plugin.parseConfig(golden.config, file)
  const backbone = plugin.create(config)
  const entries = new Map<string, CheckpointEntry>()
  for (const [key, shape] of Object.entries(golden.keys)) {
    entries.set(key, { tensor: { dtype: 'F32', shape, data: seededWeight(key, shape) }, where: file })
    const counter = { dtype: 'I64', shape: [], data: BigInt64Array.of(1n) } as const
    if (key.endsWith('running_mean')) entries.set(key.replace('running_mean', 'num_batches_tracked'), { tensor: counter, where: file })
  }
  const parameters = parametersFrom(entries, backbone.shapes, { rename: (key) => plugin.rename(key, config), where: file })
  const classifier = plugin.classifier.create(config, golden.classes)
  const rename = (key: string) => plugin.classifier.rename(key, config)
  const own = new Map([...entries].filter(([key]) => rename(key) !== undefined))
  const classifying = parametersFrom(own, classifier.shapes, { rename, where: file })
  const pixels = Float32Array.from(
    seededUniform(
      'pixel_values',
      golden.shape.reduce((a, b) => a * b),
    ),
    (x) => 2 * x - 1,
  )
  const inputs: Inputs = { pixel_values: { shape: golden.shape, data: pixels } }
  return { golden, plugin, config, backbone, parameters, classifier, all: new Map([...parameters, ...classifying]), inputs }
}

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** The largest difference from what Python has, relative to the largest value. */
function relativeError(value: HostTensor, golden: string): number {
  const expected = decode(golden)
  const count = Math.min(160, value.data.length)
  expect(expected.length).toBe(count)
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  const differences = Array.from(expected, (x, i) => Math.abs(x - value.data[Math.floor((i * value.data.length) / count)]))
  return Math.max(...differences.map((x) => (Number.isFinite(x) ? x : Number.POSITIVE_INFINITY))) / largest
}

async function run(engine: Engine, { backbone, classifier, all, inputs }: ReturnType<typeof readCase>) {
  const compiled = await engine.compile(
    (weights, tensors) => {
      const maps = backbone.maps(tensors, weights, { training: false })
      const hidden = backbone.forward(tensors, weights, { training: false })
      const named: Record<string, tf.Tensor> = Object.fromEntries(maps.map((map, i) => [`${i}`, map]))
      return { ...named, logits: classifier.forward(hidden, weights, { training: false }) }
    },
    { constants: all },
  )
  const result = await compiled.run(inputs)
  compiled.dispose()
  return result as Record<string, HostTensor>
}

async function train(engine: Engine, { backbone, parameters, inputs }: ReturnType<typeof readCase>) {
  const compiled = await engine.compile(
    (weights, tensors): Tensors => {
      const seen: Record<string, tf.Tensor> = {}
      const observe = (name: string, value: tf.Tensor1D) => {
        seen[name] = value
      }
      const maps = backbone.maps(tensors, weights, { training: true, observe })
      return { ...Object.fromEntries(maps.map((map, i) => [`${i}`, map])), ...seen }
    },
    { constants: parameters },
  )
  const result = await compiled.run(inputs)
  compiled.dispose()
  return result
}

/** What a running statistic is after the step. */
function followed(name: string, parameters: Parameters, seen: HostTensor, momentum: number): HostTensor {
  const before = parameters.get(name)?.data ?? new Float32Array()
  return { shape: seen.shape, data: before.map((x, i) => (1 - momentum) * x + momentum * seen.data[i]) }
}

it('has golden values of every family and library', () => {
  for (const part of [
    'vgg',
    'resnet',
    'resnext',
    'mobilenet-v2',
    'mobilenet-v3',
    'efficientnet',
    'lite',
    'torchvision',
    'timm',
    'transformers',
  ])
    expect(files.filter((file) => file.includes(part)).length, part).toBeGreaterThan(0)
})

describe.each(['wasm', 'cpu', 'traced'] as const)('convolutional networks on %s compute what PyTorch computes', (backend) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend, threads: 1 })
  })
  afterAll(() => engine.dispose())

  it.each(files)('%s: every stage and the classifier', async (file) => {
    const model = readCase(file)
    const before = engine.memory().tensors
    const result = await run(engine, model)
    const { golden } = model
    const shapes = golden.shapes.map((_, i) => result[i].shape)
    expect(shapes).toEqual(golden.shapes)
    const errors = golden.eval.map((expected, i) => relativeError(result[i], expected))
    expect(Math.max(...errors, relativeError(result['logits'], golden.logits)), `${errors}`).toBeLessThanOrEqual(1e-4)
    expect(engine.memory().tensors).toBe(before)
  })

  // The plain JavaScript kernels take several times as long; the forward pass above shows that they agree.
  const trained = backend === 'cpu' ? [] : files.filter((file) => readGolden(file).train)
  it.each(trained)('%s: training, with the batch’s own statistics', async (file) => {
    const model = readCase(file)
    const { golden, backbone, plugin, config, parameters } = model
    const result = await train(engine, model)
    const errors = (golden.train ?? []).map((expected, i) => relativeError(result[i], expected))
    expect(Math.max(...errors), `${errors}`).toBeLessThanOrEqual(1e-4)
    for (const [key, expected] of Object.entries(golden.statistics ?? {})) {
      const name = plugin.rename(key, config) ?? ''
      const momentum = backbone.statistics?.get(name) ?? 0
      expect(relativeError(followed(name, parameters, result[name], momentum), expected), key).toBeLessThanOrEqual(1e-4)
    }
    expect(Object.keys(result).length).toBe(golden.shapes.length + (backbone.statistics?.size ?? 0))
  })
})
