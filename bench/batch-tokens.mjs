// How many tokens a batch should have: `node bench/batch-tokens.mjs EXPORT_DIR [THREADS]`, after `pnpm build` and `ms export --quantize int8 --out
// EXPORT_DIR`. Milliseconds of 100 pages of 200 words and of 400 queries of 12 on the clock, budgets in turn, medians of five rounds after one.
import { createEmbedder, openExportedEncoder } from '@ms/embed/node/serve'

const budgets = [256, 512, 1024, 2048]
const rounds = 5
const [folder, threads = '1'] = process.argv.slice(2)
const encoder = await openExportedEncoder(folder, { threads: Number(threads) })
const embedders = await Promise.all(budgets.map((batchTokens) => createEmbedder(encoder, { batchTokens })))
const words = (count, seed) =>
  Array.from({ length: count }, (_, i) => `word${(seed * 31 + i * 7) % 997}`.slice(0, 4 + ((seed + i) % 4))).join(' ')
for (const [what, count, length] of [
  ['pages', 100, 200],
  ['queries', 400, 12],
]) {
  const texts = Array.from({ length: count }, (_, i) => words(length, i))
  const times = budgets.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [i, embedder] of embedders.entries()) {
      const began = performance.now()
      await embedder.embed(texts)
      if (round > 0) times[i].push(performance.now() - began)
    }
  }
  const medians = times.map((all) => Math.round(all.toSorted((a, b) => a - b)[rounds >> 1]))
  console.log(what, Object.fromEntries(budgets.map((budget, i) => [budget, medians[i]])))
}
await encoder.dispose()
