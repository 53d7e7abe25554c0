// One round of encoding: `node bench/encoding.mjs transformer|static|load MODEL TEXTS`, run by bench/run.mjs.
// TEXTS is a JSON list. Tokenising is part of what is timed, starting the engine is not (but for `load`).
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { writeSafetensors } from '@ms/backbones'
import { memoryFiles, seededRandom } from '@ms/core'
import { createEmbedder, loadEncoder } from '@ms/embed'
import { openEncoder } from '@ms/embed/node'
import { openEngine } from '@ms/runtime/node'
import { clock, report } from './round.mjs'

const [kind, model, path] = process.argv.slice(2)
const texts = JSON.parse(readFileSync(path, 'utf8'))
const lap = clock()
const encoder = kind === 'static' ? await randomTable() : await openEncoder(resolve(model))
const embedder = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced' }) })
await embedder.embed(['warm up', 'and a second, longer text to warm up with'])
const startMs = lap()
const encode = clock()
if (kind !== 'load') await embedder.embed(texts)
const encodeMs = encode()
await embedder.dispose()
report({ startMs, encodeMs, textsPerSecond: (texts.length / encodeMs) * 1000 })

/** 256 random numbers for each token of the model's vocabulary. */
async function randomTable() {
  const tokenizer = readFileSync(join(model, 'tokenizer.json'))
  const rows = Object.keys(JSON.parse(tokenizer.toString()).model.vocab).length
  const random = seededRandom(1)
  const data = Float32Array.from({ length: rows * 256 }, random.normal)
  const modules = [{ idx: 0, name: '0', path: '0_StaticEmbedding', type: 'sentence_transformers.models.StaticEmbedding' }]
  return loadEncoder(
    memoryFiles({
      'modules.json': new TextEncoder().encode(JSON.stringify(modules)),
      '0_StaticEmbedding/tokenizer.json': tokenizer,
      '0_StaticEmbedding/model.safetensors': writeSafetensors(new Map([['embedding.weight', { dtype: 'F32', shape: [rows, 256], data }]])),
    }),
  )
}
