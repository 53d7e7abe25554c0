// What several threads bring for a table: `node bench/threads.mjs [--words N] [--threads N] [--rounds N] [--json]`, after `pnpm build`, Linux.
// 400,000 texts through `embedStream` in chunks of 2,048, as `ms encode` embeds them, in one thread and dealt out to N (default: 2), starting them
// included. Milliseconds: on the clock, CPU of the process, of its main thread, and of its busiest thread, which is what the clock could come
// down to where each has a processor of its own. Rounds take turns; medians.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { seededRandom } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { openEncoder, takeSnapshot } from '@ms/embed/node'
import { createThreadedEmbedder, embedStream, openSnapshot, rememberFiles } from '@ms/embed/node/serve'

const model = fileURLToPath(new URL('../packages/mini/models/ms-mini-text', import.meta.url))
const count = 400_000
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    words: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    cache: { type: 'string' },
    json: { type: 'boolean' },
  },
})

if (positionals[0] === 'round') console.log(JSON.stringify(await embedAll()))
else await compare()

async function compare() {
  const cacheDir = mkdtempSync(join(tmpdir(), 'ms-threads-'))
  try {
    const files = rememberFiles(directoryFiles(model))
    await (await takeSnapshot(await openEncoder(files), files, { threads: 1, cacheDir })).dispose()
    const found = { 1: [], [values.threads]: [] }
    for (let i = 0; i < Number(values.rounds); i++) {
      for (const [threads, seen] of Object.entries(found)) {
        const words = [process.argv[1], 'round', '--cache', cacheDir, '--words', values.words, '--threads', threads]
        seen.push(JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })))
      }
    }
    const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
    const result = Object.fromEntries(
      Object.entries(found).map(([threads, seen]) => [
        threads,
        Object.fromEntries(Object.keys(seen[0]).map((name) => [name, median(seen.map((each) => each[name]))])),
      ]),
    )
    console.log(values.json ? JSON.stringify(result) : result)
  } finally {
    rmSync(cacheDir, { recursive: true, force: true })
  }
}

async function embedAll() {
  const texts = textsOf(Number(values.words))
  const encoder = await openSnapshot(rememberFiles(directoryFiles(model)), { cacheDir: values.cache })
  const embedder = await createThreadedEmbedder(encoder, { threads: Number(values.threads) })
  await embedder.embed(texts.slice(0, 5000))
  const before = { wall: performance.now(), process: process.cpuUsage(), threads: threadsMs() }
  let done = 0
  for await (const { vectors } of embedStream(embedder, texts, { chunkItems: 2048 })) done += vectors.count
  if (done !== count) throw new Error(`${done} vectors`)
  const { user, system } = process.cpuUsage(before.process)
  const threads = Array.from(threadsMs(), ([id, ms]) => [id, ms - (before.threads.get(id) ?? 0)])
  const result = {
    wall: Math.round(performance.now() - before.wall),
    process: Math.round((user + system) / 1000),
    main: threads.find(([id]) => id === String(process.pid))[1],
    busiest: Math.max(...threads.map(([, ms]) => ms)),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1000),
  }
  await embedder.dispose()
  return result
}

/** CPU of each thread by its id: user and system ticks of 10 ms. */
function threadsMs() {
  const of = (id) => {
    const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }
  return new Map(readdirSync('/proc/self/task').map((id) => [id, of(id)]))
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
