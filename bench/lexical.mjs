// BM25 on generated text: `node bench/lexical.mjs [DOCUMENTS] [--json]`, after `pnpm build`. Words follow Zipf's law; queries are
// one to four words of some document, so common words are in them as often as in the text. CPU seconds, one thread.
import { seededRandom } from '@ms/core'
import { bm25Index } from '@ms/index'

const count = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 100_000)
const random = seededRandom(1)
const syllables = Array.from('bcdfghklmnprstvw').flatMap((consonant) => Array.from('aeiou', (vowel) => consonant + vowel))
const word = () => Array.from({ length: 2 + random.integer(3) }, () => syllables[random.integer(syllables.length)]).join('')
const endings = ['', '', '', 's', 'ing', 'ed', 'ation', 'ly']
const vocabulary = Array.from({ length: 60_000 }, () => word() + endings[random.integer(endings.length)])
// P(rank) ∝ 1 / (rank + 2.7), by inversion of the integral.
const draw = () =>
  vocabulary[Math.min(vocabulary.length - 1, Math.floor(2.7 * (((vocabulary.length + 2.7) / 2.7) ** random.uniform() - 1)))]
const words = Array.from({ length: count }, () => Array.from({ length: 8 + random.integer(25) }, draw))
const documents = words.map((text, i) => ({ id: `d${i}`, title: text.slice(0, 4).join(' '), text: `${text.join(' ')}.` }))
const queries = Array.from({ length: 2000 }, () => {
  const text = words[random.integer(count)]
  return Array.from({ length: 1 + random.integer(4) }, () => text[random.integer(text.length)]).join(' ')
})

const cpu = (from) => {
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1e6
}
const bytes = () => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const before = bytes()
let start = process.cpuUsage()
const index = bm25Index()
await index.upsert(documents)
await index.search('nothing', { k: 1 }) // inverts what was added
const indexSeconds = cpu(start)
const megabytes = (bytes() - before) / 1e6

const times = []
for (const query of queries) {
  const from = performance.now()
  await index.search(query, { k: 10 })
  times.push(performance.now() - from)
}
times.sort((a, b) => a - b)
const quantile = (share) => Number(times[Math.floor(share * times.length)].toFixed(4))

start = process.cpuUsage()
for (let i = 0; i < 200; i++) {
  await index.upsert([{ id: `d${random.integer(count)}`, text: words[random.integer(count)].join(' ') }])
  await index.search(queries[i], { k: 10 })
}
const updateMs = (cpu(start) * 1000) / 200

const result = {
  documents: count,
  words: words.reduce((sum, text) => sum + text.length, 0),
  indexSeconds: Number(indexSeconds.toFixed(2)),
  ...(globalThis.gc ? { megabytes: Number(megabytes.toFixed(1)) } : {}),
  queryMs: { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) },
  updateAndSearchMs: Number(updateMs.toFixed(3)),
}
if (process.argv.includes('--json')) console.log(JSON.stringify(result))
else console.log(result)
