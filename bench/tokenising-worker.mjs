// Whether tokenising in a thread beside the computation would pay for ms-mini-text: `node bench/tokenising-worker.mjs [--words N] [--json]`,
// after `pnpm build`, Linux. 400,000 texts in chunks of 2,048, as `ms encode` embeds them: in one thread, and with the next chunk tokenised by a
// worker while this one is embedded. Milliseconds: on the clock, of the main thread's CPU (what an idle second processor could bring the clock
// down to), and of the whole process' CPU. Rounds take turns; medians.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { seededRandom } from '@ms/core'
import { openEncoder } from '@ms/embed/node'
import { createEmbedder } from '@ms/embed/node/serve'

const model = fileURLToPath(new URL('../packages/mini/models/ms-mini-text', import.meta.url))
const script = fileURLToPath(import.meta.url)
const [count, chunk, rounds] = [400_000, 2048, 5]

if (!isMainThread) await tokenise()
else {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { words: { type: 'string', default: '8' }, json: { type: 'boolean' } },
  })
  if (positionals[0] === 'round') console.log(JSON.stringify(await embedAll(positionals[1] === 'worker', Number(values.words))))
  else {
    const result = compare(values.words)
    console.log(values.json ? JSON.stringify(result) : result)
  }
}

function compare(words) {
  const found = { alone: [], worker: [] }
  for (let i = 0; i < rounds; i++) {
    for (const kind of Object.keys(found))
      found[kind].push(JSON.parse(execFileSync(process.execPath, [script, 'round', kind, '--words', words], { encoding: 'utf8' })))
  }
  const median = (kind, name) => found[kind].map((each) => each[name]).toSorted((a, b) => a - b)[rounds >> 1]
  return Object.fromEntries(
    Object.keys(found).map((kind) => [kind, { wall: median(kind, 'wall'), main: median(kind, 'main'), process: median(kind, 'process') }]),
  )
}

/** In the worker: texts come as they are, token ids go back without a copy. */
async function tokenise() {
  const { processor } = await openEncoder(model)
  parentPort.on('message', ({ id, texts }) => {
    const prepared = processor.prepare(texts, 'document')
    const offsets = new Int32Array(prepared.length + 1)
    for (const [i, { ids }] of prepared.entries()) offsets[i + 1] = offsets[i] + ids.length
    const ids = new Int32Array(offsets[prepared.length])
    for (const [i, each] of prepared.entries()) ids.set(each.ids, offsets[i])
    parentPort.postMessage({ id, ids, offsets }, [ids.buffer, offsets.buffer])
  })
  parentPort.postMessage('ready')
}

/** The encoder with its tokenising in a worker. */
async function withWorker(encoder) {
  const worker = new Worker(script)
  await new Promise((resolve) => worker.once('message', resolve))
  const waiting = new Map()
  let next = 0
  worker.on('message', ({ id, ...tokens }) => {
    waiting.get(id)(tokens)
    waiting.delete(id)
  })
  const prepare = async (texts) => {
    const id = next++
    const { ids, offsets } = await new Promise((resolve) => {
      waiting.set(id, resolve)
      worker.postMessage({ id, texts })
    })
    return texts.map((_, i) => ({ ids: ids.subarray(offsets[i], offsets[i + 1]), cost: offsets[i + 1] - offsets[i], promptTokens: 0 }))
  }
  return { worker, encoder: { ...encoder, processor: { ...encoder.processor, prepare } } }
}

async function embedAll(beside, words) {
  const texts = textsOf(words)
  const plain = await openEncoder(model)
  const { worker, encoder } = beside ? await withWorker(plain) : { encoder: plain }
  const embedder = await createEmbedder(encoder)
  await embedder.embed(texts.slice(0, 5000))
  const before = { wall: performance.now(), main: mainMs(), process: process.cpuUsage() }
  let ahead = embedder.embed(texts.slice(0, chunk))
  for (let at = chunk; at < count + chunk; at += chunk) {
    const current = ahead
    // Alone there is nothing to be had from two at a time.
    if (!beside) await current
    ahead = at < count ? embedder.embed(texts.slice(at, at + chunk)) : undefined
    await current
  }
  const { user, system } = process.cpuUsage(before.process)
  const wall = Math.round(performance.now() - before.wall)
  const result = { wall, main: mainMs() - before.main, process: Math.round((user + system) / 1000) }
  await worker?.terminate()
  return result
}

/** CPU of the main thread alone: user and system ticks of 10 ms. */
function mainMs() {
  const fields = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Texts of about so many words of a made-up vocabulary, as in million.mjs. */
function textsOf(words) {
  const random = seededRandom(1)
  const syllables = 'ka lo mi re tu sen vor pal din gro ash bel cor fen'.split(' ')
  const word = () => Array.from({ length: 1 + random.integer(3) }, () => syllables[random.integer(syllables.length)]).join('')
  const vocabulary = Array.from({ length: 20_000 }, word)
  return Array.from({ length: count }, () =>
    Array.from({ length: Math.max(1, words - 4 + random.integer(9)) }, () => vocabulary[random.integer(20_000)]).join(' '),
  )
}
