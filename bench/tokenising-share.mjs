// What share of embedding is tokenising: `node bench/tokenising-share.mjs MODEL_DIR [--json]`, after `pnpm build`. CPU milliseconds of one
// thread, the best of three passes over the same texts; `prepare` of the encoder's processor alone against `embed`, which does it too.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { seededRandom } from '@ms/core'
import { exportOnnxDirectory, openEncoder } from '@ms/embed/node'
import { createEmbedder, openExportedEncoder } from '@ms/embed/node/serve'
import { openEngine } from '@ms/runtime/node'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } })
const [model] = positionals
const folder = mkdtempSync(join(tmpdir(), 'ms-share-'))
try {
  const network = await openEncoder(model)
  await exportOnnxDirectory(network, join(folder, 'int8'), { quantize: 'int8' })
  const encoders = {
    'ms-mini-text': [await openEncoder(fileURLToPath(new URL('../packages/mini/models/ms-mini-text', import.meta.url))), 20_000],
    'MiniLM, exported int8': [await openExportedEncoder(join(folder, 'int8'), { threads: 1 }), 256],
    'MiniLM, float32': [network, 128],
  }
  const result = {}
  for (const [name, [encoder, count]] of Object.entries(encoders)) {
    const texts = textsOf(count)
    const embedder = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
    await embedder.embed(texts.slice(0, 32))
    const tokenising = await best(() => encoder.processor.prepare(texts, 'document'))
    const all = await best(() => embedder.embed(texts))
    result[name] = { textsPerSecond: Math.round((count / all) * 1000), share: Number((tokenising / all).toFixed(3)) }
    await embedder.dispose()
    await encoder.dispose?.()
  }
  console.log(values.json ? JSON.stringify(result) : result)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Texts of 14 words of the model's vocabulary. */
function textsOf(count) {
  const vocabulary = Object.keys(JSON.parse(readFileSync(join(model, 'tokenizer.json'), 'utf8')).model.vocab).filter((word) =>
    /^[a-z]{3,9}$/.test(word),
  )
  const random = seededRandom(1)
  return Array.from({ length: count }, () => Array.from({ length: 14 }, () => vocabulary[random.integer(vocabulary.length)]).join(' '))
}

async function best(work) {
  const times = []
  for (let i = 0; i < 3; i++) {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
  }
  return Math.min(...times)
}
