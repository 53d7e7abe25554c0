import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { memoryFiles } from '@ms/core'
import type { Engine, HostTensor, Parameters, Tensors, Weights } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import type * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureFiles } from './architectures/architecture-files.js'
import { architectures } from './architectures/architectures.js'
import { loadBackbone } from './architectures/load-backbone.js'
import type { CheckpointTensor } from './checkpoint/checkpoint-tensor.js'
import { parametersFrom } from './checkpoint/load-parameters.js'
import type { CheckpointEntry } from './checkpoint/open-checkpoint.js'
import { writeSafetensors } from './checkpoint/write-safetensors.js'
import { clipText, clipVision } from './clip/clip.js'
import { clipTextStates, clipVisionStates } from './clip/clip-forward.js'
import { clipLogitScale } from './clip/clip-logit-scale.js'
import { seededUniform, seededWeight } from './fixtures/seeded-weights.js'
import { parseImageSettings } from './images/parse-image-settings.js'
import { vit } from './vit/vit.js'
import { vitConfigs } from './vit/vit-architectures.js'
import { vitStates } from './vit/vit-forward.js'

const folder = new URL('../golden/vision-transformers/', import.meta.url)
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
const files = readdirSync(folder).filter((name) => /^(vit|deit|dino|timm-[vd])/.test(name))

/** What scripts/golden/vision_transformers.py wrote. Of each state a sample of at most 160 values, at equal distances. */
interface Run {
  size: [number, number]
  shape: number[]
  states: string[]
  pooled?: string
}
interface Golden {
  config: Record<string, unknown>
  keys: Record<string, number[]>
  runs: Run[]
}
interface GoldenText {
  input_ids: number[][]
  attention_mask: number[][]
  states: string[]
  pooled: string
}

/** The same weights as Python's, from their names; `rename` as newer versions of transformers call them in memory. */
function entriesOf({ keys }: Golden, rename = (key: string) => key): Map<string, CheckpointEntry> {
  return new Map(
    Object.entries(keys).map(([key, shape]) => [
      rename(key),
      { tensor: { dtype: 'F32', shape, data: seededWeight(key, shape) }, where: 'golden' },
    ]),
  )
}

function pixelsOf([height, width]: [number, number], batch = 2) {
  const shape = [batch, height, width, 3]
  return { pixel_values: { shape, data: Float32Array.from(seededUniform('pixel_values', batch * height * width * 3), (x) => 2 * x - 1) } }
}

/** The largest difference from what Python has, relative to the largest value. */
function relativeError(data: ArrayLike<number>, golden: string): number {
  const bytes = Buffer.from(golden, 'base64')
  const expected = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const count = Math.min(160, data.length)
  expect(expected.length).toBe(count)
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  const differences = Array.from(expected, (x, i) => Math.abs(x - data[Math.floor((i * data.length) / count)]))
  return Math.max(...differences.map((x) => (Number.isFinite(x) ? x : Number.POSITIVE_INFINITY))) / largest
}

type StatesOf = (inputs: Tensors, weights: Weights) => Record<string, tf.Tensor>

async function run(engine: Engine, states: StatesOf, constants: Parameters, inputs: Record<string, HostTensor>) {
  const compiled = await engine.compile((weights, tensors) => states(tensors, weights), { constants })
  try {
    const result: Record<string, HostTensor> = await compiled.run(inputs)
    return result
  } finally {
    compiled.dispose()
  }
}

const numbered = (states: readonly tf.Tensor[]) => Object.fromEntries(states.map((state, i) => [`${i}`, state]))

it('has golden values of every family and library', () => expect(files.length).toBe(10))

describe.each(['wasm', 'cpu', 'traced'] as const)('vision transformers on %s compute what PyTorch computes', (backend) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend, threads: 1 })
  })
  afterAll(() => engine.dispose())

  it.each(files)('%s: every stage, at its own size and at others', async (file) => {
    const golden: Golden = read(file)
    const config = vit.parseConfig(golden.config, file)
    const backbone = vit.create(config)
    const parameters = parametersFrom(entriesOf(golden), backbone.shapes, { rename: (key) => vit.rename(key, config), where: file })
    const before = engine.memory().tensors
    for (const { size, shape, states } of golden.runs) {
      const inputs = pixelsOf(size)
      const result = await run(engine, (tensors, weights) => numbered(vitStates(config, tensors, weights)), parameters, inputs)
      expect(result['0'].shape).toEqual(shape)
      const errors = states.map((expected, i) => relativeError(result[i].data, expected))
      expect(Object.keys(result).length).toBe(states.length)
      expect(Math.max(...errors), `${size}: ${errors}`).toBeLessThanOrEqual(1e-4)
    }
    expect(engine.memory().tensors).toBe(before)
  })

  it('CLIP: both towers and their projections', async () => {
    const golden: Golden & { text: GoldenText } = read('clip.json')
    const entries = entriesOf(golden)
    const textConfig = clipText.parseConfig(golden.config, 'clip')
    const text = clipText.create(textConfig)
    const textWeights = parametersFrom(entries, text.shapes, { rename: (key) => clipText.rename(key, textConfig), where: 'clip' })
    const { input_ids: ids, attention_mask: mask, states, pooled } = golden.text
    const shape = [ids.length, ids[0].length]
    const inputs = {
      input_ids: { shape, data: Int32Array.from(ids.flat()) },
      attention_mask: { shape, data: Int32Array.from(mask.flat()) },
    }
    const written = await run(
      engine,
      (tensors, weights) => {
        const result = clipTextStates(textConfig, tensors, weights)
        return { ...numbered(result.states), pooled: result.pooled }
      },
      textWeights,
      inputs,
    )
    const seen = mask.flat().flatMap((one, row) => (one ? [row] : []))
    for (const [i, expected] of states.entries()) {
      const { data } = written[i]
      const rows = seen.flatMap((row) => [...data.slice(row * textConfig.hidden_size, (row + 1) * textConfig.hidden_size)])
      expect(relativeError(rows, expected), `text ${i}`).toBeLessThanOrEqual(1e-4)
    }
    expect(relativeError(written['pooled'].data, pooled)).toBeLessThanOrEqual(1e-4)
    expect(text.width).toBe(10)

    const visionConfig = clipVision.parseConfig(golden.config, 'clip')
    const vision = clipVision.create(visionConfig)
    const visionWeights = parametersFrom(entries, vision.shapes, { rename: (key) => clipVision.rename(key, visionConfig), where: 'clip' })
    for (const { size, states, pooled } of golden.runs) {
      const result = await run(
        engine,
        (tensors, weights) => {
          const { states, pooled } = clipVisionStates(visionConfig, tensors, weights)
          return { ...numbered(states), pooled }
        },
        visionWeights,
        pixelsOf(size),
      )
      const errors = states.map((expected, i) => relativeError(result[i].data, expected))
      expect(Math.max(...errors, relativeError(result['pooled'].data, pooled ?? '')), `${size}: ${errors}`).toBeLessThanOrEqual(1e-4)
    }
  })

  it('registers are masked, and a CLIP text does not change with what is in its padding', async () => {
    const golden: Golden = read('dinov2-registers.json')
    const config = vit.parseConfig(golden.config, 'dino')
    const backbone = vit.create(config)
    const parameters = parametersFrom(entriesOf(golden), backbone.shapes, { rename: (key) => vit.rename(key, config), where: 'dino' })
    const hiddenOf: StatesOf = (tensors, weights) => {
      const hidden = backbone.forward(tensors, weights, { training: false })
      if (hidden.kind !== 'tokens') throw new TypeError('a ViT gives tokens')
      return { tokens: hidden.tokens, mask: hidden.mask }
    }
    const { tokens, mask } = await run(engine, hiddenOf, parameters, pixelsOf([16, 16]))
    expect(tokens.shape).toEqual([2, 1 + 3 + 16, 12])
    expect([...mask.data.slice(0, 20)]).toEqual([1, 0, 0, 0, ...Array(16).fill(1)])
    await expect(run(engine, hiddenOf, parameters, pixelsOf([16, 18]))).rejects.toMatchObject({ code: 'inputs.shape' })

    const clip: Golden = read('clip.json')
    const textConfig = clipText.parseConfig(clip.config, 'clip')
    const text = clipText.create(textConfig)
    const weights = parametersFrom(entriesOf(clip), text.shapes, { rename: (key) => clipText.rename(key, textConfig), where: 'clip' })
    const vector = async (ids: number[], ones: number) => {
      const shape = [1, ids.length]
      const inputs = {
        input_ids: { shape, data: Int32Array.from(ids) },
        attention_mask: { shape, data: Int32Array.from(ids, (_, i) => (i < ones ? 1 : 0)) },
      }
      const pooledOf: StatesOf = (tensors, weights) => {
        const hidden = text.forward(tensors, weights, { training: false })
        if (hidden.kind !== 'pooled') throw new TypeError('a CLIP gives vectors')
        return { pooled: hidden.pooled }
      }
      return (await run(engine, pooledOf, weights, inputs))['pooled'].data
    }
    const short = await vector([0, 5, 28], 3)
    const padded = await vector([0, 5, 28, 7, 9], 3)
    for (const [i, value] of [...short].entries()) expect(padded[i]).toBeCloseTo(value, 5)
    await expect(vector(Array(10).fill(1), 10)).rejects.toMatchObject({ code: 'inputs.length' })
  })
})

describe('checkpoints', () => {
  it.each(['vit.json', 'deit.json', 'dinov2.json'])(
    '%s: as newer versions of transformers name their weights in memory, with any prefix',
    (file) => {
      const golden: Golden = read(file)
      const config = vit.parseConfig(golden.config, file)
      const dino = String(golden.config['model_type']).startsWith('dino')
      const newer = (key: string) => {
        const layers = dino ? key : key.replace('encoder.layer.', 'layers.').replace('.intermediate.dense.', '.mlp.fc1.')
        const attention = layers
          .replace('attention.attention.query', 'attention.q_proj')
          .replace('attention.attention.key', 'attention.k_proj')
          .replace('attention.attention.value', 'attention.v_proj')
          .replace('attention.output.dense', 'attention.o_proj')
        const done = dino ? attention : attention.replace(/(layers\.\d+)\.output\.dense\./, '$1.mlp.fc2.')
        return `${golden.config['model_type']}.${done}`
      }
      const { shapes } = vit.create(config)
      const options = { rename: (key: string) => vit.rename(key, config), where: file }
      const [plain, renamed] = [entriesOf(golden), entriesOf(golden, newer)].map((entries) => parametersFrom(entries, shapes, options))
      expect(renamed).toEqual(plain)
      for (const head of ['classifier.weight', 'pooler.dense.bias', 'embeddings.mask_token'])
        expect(vit.rename(head, config)).toBeUndefined()
    },
  )

  it("timm's names stand for timm's networks, weight by weight", () => {
    const hashes: Record<string, string> = read('timm-shapes.json')
    const ofTimm = [...vitConfigs.keys()].filter((name) => !/^vit_[blh]_/.test(name))
    expect(Object.keys(hashes).sort()).toEqual(ofTimm.sort())
    for (const [architecture, hash] of Object.entries(hashes)) {
      const { shapes } = vit.create(vit.parseConfig({ architecture, num_classes: 1000 }, architecture))
      const lines = [...shapes].map(([key, shape]) => `${key} [${shape.join(', ')}]`).sort()
      expect(createHash('sha1').update(lines.join('\n')).digest('hex'), architecture).toBe(hash)
    }
  })

  it('a bare checkpoint of timm is loaded by its name, with the settings that its pictures need', async () => {
    const { shapes } = vit.create(vit.parseConfig({ architecture: 'deit_tiny_distilled_patch16_224' }, 'deit'))
    const tensors = [...shapes].map(([key, shape]): [string, CheckpointTensor] => [
      key,
      { dtype: 'F32', shape, data: seededWeight(key, shape) },
    ])
    const head = { dtype: 'F32', shape: [3, 192], data: new Float32Array(576) } as const
    const checkpoint = writeSafetensors(new Map([...tensors, ['head.weight', head]]))
    const files = architectureFiles('deit_tiny_distilled_patch16_224', memoryFiles({ 'deit.safetensors': checkpoint }), 'deit.safetensors')
    const { backbone, parameters } = await loadBackbone(files)
    expect([backbone.family, backbone.width, parameters.size]).toEqual(['vit', 192, shapes.size])
    const json = JSON.parse(new TextDecoder().decode(await files.read('preprocessor_config.json')))
    expect(parseImageSettings(json, 'json')).toMatchObject({
      resize: 248,
      crop: [224, 224],
      interpolation: 'bicubic',
      mean: [0.485, 0.456, 0.406],
    })
    for (const name of vitConfigs.keys()) expect(architectures.get(name)?.plugin).toBe(vit)
  })

  it('a network that timm made for pictures of another size is of that size', () => {
    const named = { architecture: 'vit_small_patch14_dinov2', model_args: { img_size: 224 }, num_classes: 0 }
    const { shapes } = vit.create(vit.parseConfig(named, 'dino'))
    expect(shapes.get('pos_embed')).toEqual([1, 1 + 16 * 16, 384])
  })

  it('a vision tower that transformers saved on its own', () => {
    const golden: Golden = read('clip.json')
    const config = clipVision.parseConfig(golden.config, 'clip')
    const { shapes } = clipVision.create(config)
    const options = { rename: (key: string) => clipVision.rename(key, config), where: 'clip' }
    const bare = new Map([...entriesOf(golden)].map(([key, entry]) => [key.replace(/^vision_model\./, ''), entry]))
    expect(parametersFrom(bare, shapes, options)).toEqual(parametersFrom(entriesOf(golden), shapes, options))
  })

  it('a CLIP without projections gives its towers’ own vectors', () => {
    const golden: Golden = read('clip.json')
    const alone = { ...golden.config, architectures: ['CLIPTextModel'] }
    const config = clipText.parseConfig(alone, 'clip')
    expect(clipText.create(config).width).toBe(12)
    expect(clipText.rename('text_projection.weight', config)).toBeUndefined()
    expect(clipVision.parseConfig({ model_type: 'clip' }, 'clip')).toMatchObject({ hidden_size: 768, patch_size: 32, projection_dim: 512 })
  })

  it('the temperature that a CLIP has learned is read from its checkpoint', async () => {
    const scale = { dtype: 'F32', shape: [], data: Float32Array.of(Math.log(100)) } as const
    const other = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const
    const files = (name: string) =>
      memoryFiles({ 'model.safetensors': writeSafetensors(new Map([[name, name === 'other' ? other : scale]])) })
    expect(await clipLogitScale(files('logit_scale'))).toBeCloseTo(100, 3)
    expect(await clipLogitScale(files('other'))).toBeUndefined()
  })

  const bad: [string, () => unknown][] = [
    [
      'num_attention_heads',
      () => vit.parseConfig({ model_type: 'vit', hidden_size: 10, num_hidden_layers: 1, num_attention_heads: 3 }, 'c'),
    ],
    ['model_type', () => vit.parseConfig({ model_type: 'swin', hidden_size: 12, num_hidden_layers: 1, num_attention_heads: 3 }, 'c')],
    [
      'num_channels',
      () => vit.parseConfig({ model_type: 'vit', hidden_size: 12, num_hidden_layers: 1, num_attention_heads: 3, num_channels: 1 }, 'c'),
    ],
    [
      'patch_size',
      () => vit.parseConfig({ model_type: 'vit', hidden_size: 12, num_hidden_layers: 1, num_attention_heads: 3, image_size: 8 }, 'c'),
    ],
    ['hidden_act', () => clipText.parseConfig({ text_config: { hidden_act: 'magic' } }, 'c')],
    ['num_attention_heads', () => clipVision.parseConfig({ vision_config: { hidden_size: 10 } }, 'c')],
    ['image_size', () => clipVision.parseConfig({ vision_config: { image_size: 30, patch_size: 16 } }, 'c')],
    ['text_config', () => clipText.parseConfig({ text_config: 7 }, 'c')],
  ]
  it.each(bad)('a config that is wrong is refused by the field: %s', (field, parse) => {
    expect(parse).toThrow(expect.objectContaining({ code: 'config.invalid', where: 'c', message: expect.stringContaining(field) }))
  })
})
