import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { env, pipeline } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { traced, whyNotTraced } from '../../packages/embed/src/fixtures/engines.js'
import { testModel } from '../../packages/embed/src/fixtures/test-model.js'
import { tinyEncoder } from '../../packages/embed/src/fixtures/tiny-encoders.js'
import { createEmbedder, loadEncoder, type SentenceEncoder } from '../../packages/embed/src/index.js'
import { exportOnnxDirectory, openEncoder } from '../../packages/embed/src/node/index.js'
import { openEngine } from '../../packages/runtime/src/node/index.js'
import { findPython, floatsOf } from './python.js'

const python = findPython()
const miniLm = testModel('all-MiniLM-L6-v2')
const texts = ['How do I insert a page break?', 'naïve café', 'a', 'Rows can be frozen, so that they stay where they are.']

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Number.POSITIVE_INFINITY)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-export-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function exported(name: string, encoder: SentenceEncoder, quantize?: 'int8'): Promise<{ path: string; vectors: Float32Array }> {
  const path = join(folder, name)
  await exportOnnxDirectory(encoder, path, { quantize })
  const embedder = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
  const { data } = await embedder.embed(texts)
  await embedder.dispose()
  return { path, vectors: data }
}

/** @param dtype `fp32` is model.onnx, `q8` model_quantized.onnx */
async function inTransformersJs(path: string, dtype: 'fp32' | 'q8' = 'fp32'): Promise<Float32Array> {
  env.localModelPath = `${dirname(path)}/`
  env.allowRemoteModels = false
  const embed = await pipeline('feature-extraction', basename(path), { dtype, device: 'cpu' })
  const { data } = await embed(texts, { pooling: 'mean', normalize: true })
  await embed.dispose()
  return data as Float32Array
}

/** The graph is checked, and run on what transformers' own tokeniser makes. */
const script = `
import base64, sys
import onnx, onnxruntime
from transformers import AutoTokenizer
path, *texts = sys.argv[1:]
onnx.checker.check_model(f"{path}/onnx/model.onnx", full_check=True)
session = onnxruntime.InferenceSession(f"{path}/onnx/model.onnx", providers=["CPUExecutionProvider"])
inputs = AutoTokenizer.from_pretrained(path, local_files_only=True)(texts, padding=True, return_tensors="np")
vectors = session.run(["sentence_embedding"], {each.name: inputs.get(each.name, 0 * inputs["input_ids"]) for each in session.get_inputs()})[0]
print(base64.b64encode(vectors.astype("<f4").tobytes()).decode())
`

function inPython(path: string): Float32Array {
  const { status, stdout, stderr } = spawnSync(python ?? '', ['-c', script, path, ...texts], { encoding: 'utf8', timeout: 120_000 })
  expect(status, stderr).toBe(0)
  return floatsOf(stdout.trim())
}

/** The small encoder's tokeniser was written by transformers 5, and an older one cannot read it. */
const onnxCheck = 'import onnx, onnxruntime, sys; from importlib.metadata import version; sys.exit(int(version("transformers")[0]) < 5)'
const hasOnnx = python && spawnSync(python, ['-c', onnxCheck]).status === 0
const whyNotPython = hasOnnx
  ? ''
  : ' (skipped: no Python with sentence-transformers, transformers 5, onnx and onnxruntime; name one in MS_PYTHON)'

/** The folder as sentence-transformers itself serves one. */
const backendScript = `
import base64, sys
from sentence_transformers import SentenceTransformer
path, *texts = sys.argv[1:]
options = {"file_name": "onnx/model.onnx", "provider": "CPUExecutionProvider"}
model = SentenceTransformer(path, backend="onnx", device="cpu", local_files_only=True, model_kwargs=options)
print(base64.b64encode(model.encode(texts).astype("<f4").tobytes()).decode())
`

const hasOptimum = python && spawnSync(python, ['-c', 'import optimum.onnxruntime']).status === 0
const whyNotOptimum = hasOptimum ? '' : ' (skipped: no Python with sentence-transformers before 6 and optimum-onnx; name one in MS_PYTHON)'

describe.skipIf(!traced)(`what we export gives our vectors elsewhere${whyNotTraced}`, () => {
  it('in transformers.js: a network', async () => {
    const { path, vectors } = await exported('network', await loadEncoder(tinyEncoder('mean, normalised').files))
    expect(farthest(await inTransformersJs(path), vectors)).toBeLessThan(1e-5)
  })

  it('in transformers.js: the default model, a table', async () => {
    const { miniText } = await import('../../packages/mini/src/index.js')
    const { path, vectors } = await exported('table', await openEncoder(miniText()))
    expect(farthest(await inTransformersJs(path), vectors)).toBeLessThan(1e-5)
  })

  it.skipIf(!hasOnnx)(`in Python: the checker passes, and ONNX Runtime agrees${whyNotPython}`, { timeout: 120_000 }, async () => {
    const { path, vectors } = await exported('checked', await loadEncoder(tinyEncoder('mean, normalised').files))
    expect(farthest(inPython(path), vectors)).toBeLessThan(1e-5)
  })

  const why = miniLm ? '' : ' (skipped: all-MiniLM-L6-v2 is not fetched; run node scripts/fetch-test-models.mjs)'
  it.skipIf(!miniLm)(`all-MiniLM-L6-v2, in float32 and in eight bits${why}`, { timeout: 300_000 }, async () => {
    const { path, vectors } = await exported('minilm', await openEncoder(miniLm ?? ''), 'int8')
    expect(farthest(await inTransformersJs(path), vectors)).toBeLessThan(1e-5)
    const rounded = await inTransformersJs(path, 'q8')
    const served = await openServed(path)
    expect(farthest(rounded, served)).toBeLessThan(1e-2)
    expect((await readFile(join(path, 'onnx/model_quantized.onnx'))).length).toBeLessThan(25e6)
  })

  it.skipIf(!miniLm || !hasOptimum)(
    `all-MiniLM-L6-v2 in sentence-transformers, through its ONNX backend${whyNotOptimum}`,
    { timeout: 300_000 },
    async () => {
      const { path, vectors } = await exported('backend', await openEncoder(miniLm ?? ''))
      const { status, stdout, stderr } = spawnSync(python ?? '', ['-c', backendScript, path, ...texts], {
        encoding: 'utf8',
        timeout: 240_000,
      })
      expect(status, stderr).toBe(0)
      expect(farthest(floatsOf(stdout.trim().split('\n').at(-1) ?? ''), vectors)).toBeLessThan(1e-5)
    },
  )
})

async function openServed(path: string): Promise<Float32Array> {
  const { openExportedEncoder } = await import('../../packages/embed/src/node/serve.js')
  const encoder = await openExportedEncoder(path, { threads: 1 })
  const embedder = await createEmbedder(encoder)
  const { data } = await embedder.embed(texts)
  await encoder.dispose()
  return data
}
