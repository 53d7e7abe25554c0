import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AutoTokenizer, CLIPTextModelWithProjection, env, pipeline, RawImage } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededUniform, seededWeight } from '../../packages/backbones/src/fixtures/seeded-weights.js'
import { vit, writeSafetensors } from '../../packages/backbones/src/index.js'
import { memoryFiles } from '../../packages/core/src/index.js'
import { traced, whyNotTraced } from '../../packages/embed/src/fixtures/engines.js'
import { createModelEmbedders, type ImageEncoder, type LoadedModel } from '../../packages/embed/src/index.js'
import { exportOnnxDirectory, openModel } from '../../packages/embed/src/node/index.js'
import { openExportedModel } from '../../packages/embed/src/node/serve.js'
import { miniImage } from '../../packages/mini/src/index.js'
import { openEngine } from '../../packages/runtime/src/node/index.js'
import { findPython, floatsOf } from './python.js'

const python = findPython()
const hasOnnx = python && spawnSync(python, ['-c', 'import onnx, onnxruntime']).status === 0
const whyNotPython = hasOnnx ? '' : ' (skipped: no Python with sentence-transformers, onnx and onnxruntime; name one in MS_PYTHON)'
const golden = (path: string) => fileURLToPath(new URL(`../../packages/${path}`, import.meta.url))

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Number.POSITIVE_INFINITY)

/** A ViT of two layers, wide enough that there is something to quantise, with weights from their names. */
async function smallVit() {
  const { config } = JSON.parse(await readFile(golden('backbones/golden/vision-transformers/vit.json'), 'utf8'))
  const wide = { ...config, hidden_size: 96, num_attention_heads: 4, intermediate_size: 192 }
  const { shapes } = vit.create(vit.parseConfig(wide, 'config.json'))
  const weights = [...shapes].map(([key, shape]) => [key, { dtype: 'F32', shape, data: seededWeight(key, shape) }] as const)
  const processor = {
    image_processor_type: 'ViTImageProcessor',
    size: 16,
    resample: 2,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  }
  return openModel(
    memoryFiles({
      'config.json': JSON.stringify(wide),
      'preprocessor_config.json': JSON.stringify(processor),
      'model.safetensors': writeSafetensors(new Map(weights)),
    }),
  )
}

const cache = process.env['MS_CACHE'] ?? fileURLToPath(new URL('../../.cache', import.meta.url))
const lite0Weights = join(cache, 'models/efficientnet-lite0/efficientnet-lite0-57934424.pth')

const models: readonly { name: string; open: () => Promise<LoadedModel>; skip?: string }[] = [
  { name: 'ms-mini-image', open: () => openModel(miniImage()) },
  { name: 'a small ViT', open: smallVit },
  {
    name: 'EfficientNet-Lite0',
    open: () => openModel(`efficientnet_lite0:${lite0Weights}`),
    ...(existsSync(lite0Weights) ? {} : { skip: ' (skipped: run node scripts/fetch-test-models.mjs)' }),
  },
]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-export-'))
  env.localModelPath = `${folder}/`
  env.allowRemoteModels = false
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Coloured noise of the size that the model scales pictures to, so that nothing has to be resampled: that differs from library to library. */
async function pictures({ settings }: ImageEncoder): Promise<{ images: RawImage[]; paths: string[] }> {
  const [height, width] = typeof settings.resize === 'number' ? [settings.resize, settings.resize] : settings.resize
  const images = ['one', 'two', 'three'].map(
    (name) =>
      new RawImage(
        Uint8ClampedArray.from(seededUniform(name, height * width * 3), (x) => x * 256),
        width,
        height,
        3,
      ),
  )
  const paths = images.map((_, i) => join(folder, `${width}-${i}.png`))
  for (const [i, image] of images.entries()) await image.save(paths[i])
  return { images, paths }
}

async function vectorsOf(model: Parameters<typeof createModelEmbedders>[0], paths: readonly string[]) {
  const embedders = await createModelEmbedders(model, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
  const { data, dim } = await embedders.image!.embed(paths)
  await embedders.dispose()
  return { data, dim, space: embedders.space }
}

/** Vectors that are not of unit length are compared relative to their largest component. */
const scaleOf = (data: Float32Array) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 1)

/** @param name of a folder in `folder` */
async function inTransformersJs(name: string, images: RawImage[], options = {}): Promise<Float32Array> {
  const embed = await pipeline('image-feature-extraction', name, { dtype: 'fp32', device: 'cpu', ...options })
  const { data } = await embed(images)
  await embed.dispose()
  return data as Float32Array
}

/** The graph is checked, and run on what is written down as pixels. */
const script = `
import base64, sys
import numpy, onnx, onnxruntime
path, pixels, *shape = sys.argv[1:]
onnx.checker.check_model(f"{path}/onnx/model.onnx", full_check=True)
session = onnxruntime.InferenceSession(f"{path}/onnx/model.onnx", providers=["CPUExecutionProvider"])
values = numpy.fromfile(pixels, dtype="<f4").reshape([int(size) for size in shape])
vectors = session.run(["image_embeds"], {"pixel_values": values})[0]
print(base64.b64encode(vectors.astype("<f4").tobytes()).decode())
`

describe.skipIf(!traced)(`exported encoders of pictures give our vectors elsewhere${whyNotTraced}`, () => {
  for (const { name, open, skip = '' } of models) {
    it.skipIf(skip)(
      `${name}: in transformers.js, in Python, and here without TensorFlow.js${skip}${whyNotPython}`,
      { timeout: 240_000 },
      async () => {
        const model = await open()
        const image = model.image as ImageEncoder
        const { images, paths } = await pictures(image)
        const path = join(folder, name.replaceAll(' ', '-'))
        await exportOnnxDirectory(model, path, { quantize: 'int8' })
        const wanted = await vectorsOf(model, paths)
        const limit = 1e-5 * scaleOf(wanted.data)
        expect(farthest(await inTransformersJs(basename(path), images), wanted.data)).toBeLessThan(limit)

        const plain = join(folder, `${basename(path)}-float32`)
        await exportOnnxDirectory(model, plain)
        const served = await openExportedModel(plain, { threads: 1 })
        const again = await vectorsOf(served, paths)
        await served.image?.dispose()
        expect(farthest(again.data, wanted.data)).toBeLessThan(limit)
        expect(again.space).toBe(wanted.space)

        const small = await openExportedModel(path, { threads: 1 })
        const rounded = await vectorsOf(small, paths)
        await small.image?.dispose()
        expect(rounded.space).not.toBe(wanted.space)
        for (let i = 0; i < paths.length; i++) {
          const [a, b] = [wanted, rounded].map(({ data, dim }) => data.subarray(i * dim, (i + 1) * dim))
          const cosine = a.reduce((sum, value, j) => sum + value * b[j], 0) / Math.hypot(...a) / Math.hypot(...b)
          expect(cosine).toBeGreaterThan(0.98)
        }
        const [small8, large32] = await Promise.all(
          ['model_quantized', 'model'].map(async (file) => (await stat(join(path, 'onnx', `${file}.onnx`))).size),
        )
        expect(small8).toBeLessThan(large32 * 0.5)

        if (!hasOnnx) return
        const prepared = await image.processor.prepare(paths, 'document')
        const { pixel_values } = image.processor.collate(prepared)
        const [batch, height, width] = pixel_values.shape
        const first = Float32Array.from({ length: pixel_values.data.length }, (_, at) => {
          const [x, y, channel, i] = [
            at % width,
            Math.floor(at / width) % height,
            Math.floor(at / width / height) % 3,
            Math.floor(at / width / height / 3),
          ]
          return pixel_values.data[((i * height + y) * width + x) * 3 + channel]
        })
        const pixels = join(folder, 'pixels')
        await writeFile(pixels, first)
        const { status, stdout, stderr } = spawnSync(python!, ['-c', script, path, pixels, ...[batch, 3, height, width].map(String)], {
          encoding: 'utf8',
        })
        expect(status, stderr).toBe(0)
        expect(farthest(floatsOf(stdout.trim()), wanted.data)).toBeLessThan(limit)
      },
    )
  }

  it('a CLIP directory: two graphs in one space, both in transformers.js', async () => {
    const model = await openModel(golden('embed/golden/tiny-clip'))
    const path = join(folder, 'clip')
    await exportOnnxDirectory(model, path)
    const { images, paths } = await pictures(model.image as ImageEncoder)
    // Short ones: where a text is too long, transformers.js cuts off the token that ends it, too.
    const texts = ['a red heart', 'two', 'a']
    const engine = () => openEngine({ backend: 'traced', threads: 1 })
    const ours = await createModelEmbedders(model, { engine })
    const [words, drawn] = [await ours.text!.embed(texts), await ours.image!.embed(paths)]
    const served = await openExportedModel(path, { threads: 1 })
    const theirs = await createModelEmbedders(served)
    expect(theirs.space).toBe(ours.space)
    const [limit, wordLimit] = [drawn, words].map(({ data }) => 1e-5 * scaleOf(data))
    expect(farthest((await theirs.text!.embed(texts)).data, words.data)).toBeLessThan(wordLimit)
    expect(farthest((await theirs.image!.embed(paths)).data, drawn.data)).toBeLessThan(limit)
    await Promise.all([ours.dispose(), theirs.dispose(), served.text?.dispose(), served.image?.dispose()])

    expect(farthest(await inTransformersJs('clip/image', images, { model_file_name: 'model' }), drawn.data)).toBeLessThan(limit)
    const reader = await AutoTokenizer.from_pretrained('clip/text')
    const tower = await CLIPTextModelWithProjection.from_pretrained('clip/text', { dtype: 'fp32', device: 'cpu', model_file_name: 'model' })
    const { sentence_embedding } = await tower(reader(texts, { padding: true, truncation: true }))
    await tower.dispose()
    expect(farthest(sentence_embedding.data, words.data)).toBeLessThan(wordLimit)
  })
})
