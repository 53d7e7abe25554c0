// One round of exact vector search: `node bench/vector-search.mjs one|many`, run by bench/run.mjs. 100,000 random unit vectors of 384 numbers,
// 200 queries one after the other or at once, the nearest 10. Putting the vectors into the index is not counted.
import { normalizeRows, seededRandom, vectors } from '@ms/core'
import { exactVectorIndex } from '@ms/index'
import { clock, report } from './round.mjs'

const [count, dim, asked, k] = [100_000, 384, 200, 10]
const random = seededRandom(1)
const drawn = (rows) => normalizeRows(vectors(Float32Array.from({ length: rows * dim }, random.normal), rows, dim))
const index = exactVectorIndex({ dim, metric: 'dot' })
await index.upsert(
  Array.from({ length: count }, (_, i) => String(i)),
  drawn(count),
)
const queries = drawn(asked)
const one = (i) => vectors(queries.data.subarray(i * dim, (i + 1) * dim), 1, dim)
await index.search(one(0), { k })
const lap = clock()
if (process.argv[2] === 'many') await index.search(queries, { k })
else for (let i = 0; i < asked; i++) await index.search(one(i), { k })
report({ searchMs: lap() })
