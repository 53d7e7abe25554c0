import { type Hit, type Metric, seededRandom, type VectorIndex, type Vectors, vectors } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { expectError } from './expect-error.js'
import { unusualIds } from './unusual-ids.js'

export interface DescribeVectorIndexOptions {
  /** A new, empty index. */
  create: (options: { dim: number; metric: Metric }) => VectorIndex | Promise<VectorIndex>
  /** Default: all. */
  metrics?: readonly Metric[]
  /** The share of the true ten nearest that an index which is not exact must find. Default: 0.95. */
  recall?: number
}

/** The contract in double precision, one number after the other. */
function trueHits(ids: readonly string[], all: Vectors, query: Float32Array, metric: Metric): Hit[] {
  const length = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0)) || 1
  const score = (i: number): number => {
    let [dot, distance] = [0, 0]
    for (let j = 0; j < all.dim; j++) {
      const value = all.data[i * all.dim + j]
      dot += query[j] * value
      distance += (query[j] - value) ** 2
    }
    if (metric === 'l2') return -Math.sqrt(distance)
    return metric === 'dot' ? dot : dot / length(query) / length(all.data.subarray(i * all.dim, (i + 1) * all.dim))
  }
  return ids.map((id, i) => ({ id, score: score(i) })).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

/**
 * Proves that an index keeps the contract of `VectorIndex`: call it in a vitest file.
 *
 * @example
 * ```ts
 * import { exactVectorIndex } from '@ms/index'
 * import { describeVectorIndex } from '@ms/testing'
 * describeVectorIndex('exactVectorIndex', { create: exactVectorIndex })
 * ```
 */
export function describeVectorIndex(
  name: string,
  { create, metrics = ['cosine', 'dot', 'l2'], recall = 0.95 }: DescribeVectorIndexOptions,
): void {
  const random = (seed: number, count: number, dim: number) =>
    vectors(Float32Array.from({ length: count * dim }, seededRandom(seed).normal), count, dim)
  const one = (...values: number[]) => vectors(Float32Array.from(values), 1, values.length)
  const names = (count: number) => Array.from({ length: count }, (_, i) => `d${i}`)
  const idsOf = (hits: readonly Hit[]) => hits.map((hit) => hit.id)

  describe(`${name} is a VectorIndex`, () => {
    for (const metric of metrics) {
      for (const dim of [1, 3, 64, 385]) {
        it(`finds the nearest under ${metric}, ${dim} numbers`, async () => {
          const [count, asked] = [700, 20]
          const [ids, all, queries] = [names(count), random(1, count, dim), random(2, asked, dim)]
          const index = await create({ dim, metric })
          // In parts, and the first part once more.
          for (const [from, to] of [
            [0, 300],
            [300, count],
            [0, 10],
          ]) {
            await index.upsert(ids.slice(from, to), vectors(all.data.slice(from * dim, to * dim), to - from, dim))
          }
          expect([index.size, index.dim, index.metric]).toEqual([count, dim, metric])
          const results = await index.search(queries, { k: 10 })
          expect(results.length).toBe(asked)
          let found = 0
          results.forEach((hits, q) => {
            const truth = trueHits(ids, all, queries.data.subarray(q * dim, (q + 1) * dim), metric)
            const scores = new Map(truth.map((hit) => [hit.id, hit.score]))
            expect(hits.length).toBe(10)
            expect(new Set(idsOf(hits)).size).toBe(10)
            for (const { id, score } of hits)
              expect(Math.abs(score - (scores.get(id) ?? Number.NaN))).toBeLessThan(1e-4 * Math.max(1, Math.abs(score)))
            hits.slice(1).forEach((hit, i) => {
              expect(hit.score < hits[i].score || (hit.score === hits[i].score && hit.id > hits[i].id)).toBe(true)
            })
            // One that scores as well as the tenth, but for rounding, is as right.
            found += hits.filter(
              ({ id }) => (scores.get(id) ?? Number.NaN) >= truth[9].score - 1e-4 * Math.max(1, Math.abs(truth[9].score)),
            ).length
          })
          expect(found / (10 * asked)).toBeGreaterThanOrEqual(index.exact ? 1 : recall)
        })
      }
    }

    const metric = metrics[0]
    const make = () => create({ dim: 3, metric })
    const filled = async () => {
      const index = await make()
      await index.upsert(names(40), random(3, 40, 3))
      return index
    }

    it('answers an empty index, and no query, with nothing', async () => {
      const index = await make()
      expect(index.size).toBe(0)
      expect(await index.search(random(1, 2, 3), { k: 5 })).toEqual([[], []])
      expect(await index.remove(['d1'])).toBe(0)
      await index.upsert([], vectors(new Float32Array(0), 0, 3))
      expect(await (await filled()).search(vectors(new Float32Array(0), 0, 3), { k: 5 })).toEqual([])
    })

    it('gives all there is when k is larger', async () => {
      const [hits] = await (await filled()).search(random(4, 1, 3), { k: 1000 })
      expect(idsOf(hits).sort()).toEqual(names(40).sort())
    })

    it('keeps equal scores in the order of ids, wherever k cuts', async () => {
      const index = await make()
      const ids = ['m', 'b', 'z', 'a', 'k', 'c', 'y', 'aa']
      for (const id of ids) await index.upsert([id], one(1, 2, 3))
      await index.upsert(['worse'], one(-1, -2, -3))
      for (const k of [1, 3, 7, 8]) {
        const [hits] = await index.search(one(1, 2, 3), { k })
        expect(idsOf(hits)).toEqual([...ids].sort().slice(0, k))
      }
    })

    it('replaces the vector of an id that is there, and keeps the last of an id given twice', async () => {
      const index = await make()
      await index.upsert(['a', 'b'], vectors(Float32Array.of(1, 0, 0, 0, 1, 0), 2, 3))
      await index.upsert(['a', 'c', 'a'], vectors(Float32Array.of(1, 0, 0, 0, 0, 1, 0, -1, 0), 3, 3))
      expect(index.size).toBe(3)
      const [hits] = await index.search(one(0, -1, 0), { k: 3 })
      expect(hits[0].id).toBe('a')
      expect(hits[0].score).toBeGreaterThan(hits[1].score)
    })

    it('keeps its own copy of what it is given', async () => {
      const index = await make()
      const given = one(1, 0, 0)
      await index.upsert(['a'], given)
      await index.upsert(['b'], one(0, 1, 0))
      given.data.set([0, 0, 1])
      expect((await index.search(one(1, 0, 0), { k: 1 }))[0][0].id).toBe('a')
    })

    it('finds no removed one, counts what it removed, and finds the rest as before', async () => {
      const index = await filled()
      const [before] = await index.search(random(4, 1, 3), { k: 40 })
      expect(await index.remove(['d0', 'd7', 'none', 'd39', 'd7'])).toBe(3)
      expect(index.size).toBe(37)
      const [after] = await index.search(random(4, 1, 3), { k: 40 })
      expect(after).toEqual(before.filter((hit) => !['d0', 'd7', 'd39'].includes(hit.id)))
      expect(await index.remove(names(40))).toBe(37)
      expect(await index.search(random(4, 1, 3), { k: 3 })).toEqual([[]])
      await index.upsert(['d7'], one(1, 1, 1))
      expect(idsOf((await index.search(one(1, 1, 1), { k: 3 }))[0])).toEqual(['d7'])
    })

    it('finds only what is allowed, whether few or many are', async () => {
      const index = await create({ dim: 3, metric })
      const [ids, all, query] = [names(500), random(5, 500, 3), random(6, 3, 3)]
      await index.upsert(ids, all)
      const everything = await index.search(query, { k: 500 })
      for (const allowed of [
        [],
        ['none'],
        ['d3'],
        ids.filter((_, i) => i % 50 === 0),
        ids.filter((_, i) => i % 5 !== 0),
        [...ids, 'none'],
      ]) {
        const allow = new Set(allowed)
        const found = await index.search(query, { k: 10, allow })
        found.forEach((hits, q) => {
          const wanted = everything[q].filter((hit) => allow.has(hit.id)).slice(0, 10)
          if (index.exact) expect(hits).toEqual(wanted)
          else expect(hits.every((hit) => allow.has(hit.id)) && hits.length === wanted.length).toBe(true)
        })
      }
    })

    it('takes unusual ids as they are', async () => {
      const index = await make()
      await index.upsert(unusualIds, random(7, unusualIds.length, 3))
      expect(index.size).toBe(unusualIds.length)
      const [hits] = await index.search(random(8, 1, 3), { k: 100 })
      expect(new Set(idsOf(hits))).toEqual(new Set(unusualIds))
      const [only] = await index.search(random(8, 1, 3), { k: 100, allow: new Set(['__proto__']) })
      expect(idsOf(only)).toEqual(['__proto__'])
      expect(await index.remove(['toString', 'valueOf'])).toBe(0)
      expect(await index.remove(['constructor'])).toBe(1)
    })

    const wrong: Record<string, (index: VectorIndex) => Promise<unknown>> = {
      'NaN in a vector': (index) => index.upsert(['x'], one(1, Number.NaN, 0)),
      'an infinity in a vector': (index) => index.upsert(['x'], one(1, Number.POSITIVE_INFINITY, 0)),
      'NaN in the last of many vectors': (index) =>
        index.upsert(['d0', 'x', 'y'], vectors(Float32Array.of(9, 9, 9, 1, 1, 1, 1, 1, Number.NaN), 3, 3)),
      'vectors too long': (index) => index.upsert(['x'], one(1, 2, 3, 4)),
      'vectors twice as long': (index) => index.upsert(['x'], one(1, 2, 3, 4, 5, 6)),
      'fewer vectors than ids': (index) => index.upsert(['x', 'y'], one(1, 2, 3)),
      'numbers that are not count × dim': (index) => index.upsert(['x'], { data: Float32Array.of(1, 2), count: 1, dim: 3 }),
      'an empty id': (index) => index.upsert(['x', ''], random(1, 2, 3)),
      'NaN in a query': (index) => index.search(one(Number.NaN, 0, 0), { k: 1 }),
      'a query too short': (index) => index.search(one(1, 2), { k: 1 }),
      'a query twice as long': (index) => index.search(one(1, 2, 3, 4, 5, 6), { k: 1 }),
      'k of 0': (index) => index.search(one(1, 2, 3), { k: 0 }),
      'k below 0': (index) => index.search(one(1, 2, 3), { k: -1 }),
      'a k that is no whole number': (index) => index.search(one(1, 2, 3), { k: 1.5 }),
      'k of NaN': (index) => index.search(one(1, 2, 3), { k: Number.NaN }),
      'k of a billion': (index) => index.search(one(1, 2, 3), { k: 1e9 }),
    }
    for (const [what, act] of Object.entries(wrong)) {
      it(`refuses ${what} and is as before`, async () => {
        const index = await filled()
        const before = await index.search(random(4, 1, 3), { k: 100 })
        await expectError(act(index))
        expect(index.size).toBe(40)
        expect(await index.search(random(4, 1, 3), { k: 100 })).toEqual(before)
      })
    }

    it('stops when it is told to', async () => {
      const reason = new Error('enough')
      await expect((await filled()).search(random(4, 1, 3), { k: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    })

    it('answers searches and changes that overlap', async () => {
      const index = await filled()
      const query = random(4, 1, 3)
      const results = await Promise.all([
        index.search(query, { k: 40 }),
        index.remove(['d1']),
        index.search(query, { k: 40 }),
        index.upsert(['new'], one(1, 1, 1)),
        index.search(query, { k: 41 }),
      ])
      const known = new Set([...names(40), 'new'])
      for (const hits of [results[0][0], results[2][0], results[4][0]]) {
        expect(new Set(idsOf(hits)).size).toBe(hits.length)
        expect(hits.length).toBeGreaterThanOrEqual(39)
        for (const { id } of hits) expect(known.has(id)).toBe(true)
      }
      expect(index.size).toBe(40)
    })

    if (metrics.includes('cosine')) {
      it('gives cosines whatever the lengths: huge, tiny and zero vectors', async () => {
        const index = await create({ dim: 3, metric: 'cosine' })
        await index.upsert(['huge', 'tiny', 'zero'], vectors(Float32Array.of(1e30, 0, 0, 0, 1e-30, 0, 0, 0, 0), 3, 3))
        const [[first, second, third]] = await index.search(one(3e-20, 4e-20, 0), { k: 3 })
        expect([first.id, second.id, third.id]).toEqual(['tiny', 'huge', 'zero'])
        expect(first.score).toBeCloseTo(0.8, 5)
        expect(second.score).toBeCloseTo(0.6, 5)
        expect(third.score).toBe(0)
        const [hits] = await index.search(one(0, 0, 0), { k: 3 })
        for (const { score } of hits) expect(score).toBe(0)
      })
    }
  })
}
