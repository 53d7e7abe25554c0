// Encoding with MiniLM in float32 and in eight bits, beside sentence-transformers:
// `MS_PYTHON=python node bench/encode-int8.mjs MODEL_DIR [--json]`, after `pnpm build`. CPU seconds of one thread, texts of 16 and of
// 64 tokens, tokenising included; rounds of the three take turns, and ratios are taken round by round. Without MS_PYTHON only ours runs.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@ms/core'
import { exportOnnxDirectory, openEncoder } from '@ms/embed/node'
import { createEmbedder, openExportedEncoder } from '@ms/embed/node/serve'
import { openEngine } from '@ms/runtime/node'

const rounds = 5
const script = fileURLToPath(import.meta.url)
const cpu = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const round = (value) => Number(value.toFixed(3))

const [command, ...words] = process.argv.slice(2)
if (command === 'round') console.log(await encodeOnce(...words))
else await compare(command)

async function compare(model) {
  const folder = mkdtempSync(join(tmpdir(), 'encode-int8-'))
  try {
    await exportOnnxDirectory(await openEncoder(model), join(folder, 'int8'), { quantize: 'int8' })
    const result = {}
    for (const [tokens, count] of [
      [16, 512],
      [64, 128],
    ]) {
      const file = join(folder, `texts-${tokens}.json`)
      writeFileSync(file, JSON.stringify(texts(model, tokens, count)))
      result[`${tokens} tokens`] = encodeRounds(file, { model, int8: join(folder, 'int8') }, count)
    }
    console.log(process.argv.includes('--json') ? JSON.stringify(result) : result)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whole words of the vocabulary, so that a text has as many tokens as it should. */
function texts(model, tokens, count) {
  const vocabulary = Object.keys(JSON.parse(readFileSync(join(model, 'tokenizer.json'), 'utf8')).model.vocab).filter((word) =>
    /^[a-z]{3,9}$/.test(word),
  )
  const random = seededRandom(1)
  const word = () => vocabulary[Math.floor(random.uniform() * vocabulary.length)]
  return Array.from({ length: count }, () => Array.from({ length: tokens - 2 }, word).join(' '))
}

function encodeRounds(file, models, count) {
  const seconds = { float32: [], int8: [], python: [] }
  const run = (program, args) => Number(execFileSync(program, args, { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1' } }))
  const python = fileURLToPath(new URL('encode_int8.py', import.meta.url))
  for (let i = 0; i < rounds; i++) {
    seconds.float32.push(run(process.execPath, [script, 'round', 'float32', models.model, file]))
    seconds.int8.push(run(process.execPath, [script, 'round', 'int8', models.int8, file]))
    if (process.env.MS_PYTHON) seconds.python.push(run(process.env.MS_PYTHON, [python, models.model, file]))
  }
  const against = (ours) => round(median(ours.map((value, i) => value / seconds.python[i])))
  return {
    textsPerSecond: { float32: Math.round(count / median(seconds.float32)), int8: Math.round(count / median(seconds.int8)) },
    int8ToFloat32: round(median(seconds.int8.map((value, i) => value / seconds.float32[i]))),
    ...(process.env.MS_PYTHON ? { toSentenceTransformers: { float32: against(seconds.float32), int8: against(seconds.int8) } } : {}),
  }
}

/** CPU seconds of one pass over the texts, the best of three. */
async function encodeOnce(kind, model, file) {
  const items = JSON.parse(readFileSync(file, 'utf8'))
  const encoder = kind === 'int8' ? await openExportedEncoder(model, { threads: 1 }) : await openEncoder(model)
  const embedder = await createEmbedder(encoder, { engine: () => openEngine({ backend: 'traced', threads: 1 }) })
  await embedder.embed(items.slice(0, 64))
  const times = []
  for (let i = 0; i < 3; i++) {
    const start = cpu()
    await embedder.embed(items)
    times.push(cpu() - start)
  }
  await embedder.dispose()
  await encoder.dispose?.()
  return Math.min(...times)
}
