import { type Examples, type RetrievalData, type Role, seededRandom } from '@ms/core'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tableEncoder } from '../fixtures/words-encoder.js'
import { retrievalEvaluator } from '../train/retrieval-evaluator.js'
import { chooseLdaHead } from './choose-lda-head.js'
import { ldaHead } from './lda-head.js'

const [width, groups, each] = [6, 12, 10]
const kindOf = (i: number) => `kind ${Math.floor(i / each)}`
const words = Array.from({ length: groups * each }, (_, i) => `w${i}`)

/** A table of words: which kind one is of shows in two quiet directions, and four loud ones tell nothing. */
function openWords() {
  const random = seededRandom(7)
  const centres = Array.from({ length: groups }, () => [random.normal(), random.normal()])
  const table = Float32Array.from({ length: words.length * width }, (_, at) => {
    const [i, j] = [Math.floor(at / width), at % width]
    return j < 2 ? centres[Math.floor(i / each)][j] + 0.1 * random.normal() : 3 * random.normal()
  })
  return tableEncoder(words, table)
}

const half = words.length / 2
/** The first half is trained on. */
const labelled = (labelOf: (i: number) => string): Examples => ({
  kind: 'labelled',
  columns: [words.slice(0, half)],
  labels: words.slice(0, half).map((_, i) => labelOf(i)),
})
/** Words of kinds that were not trained on find others of theirs. */
const dev: RetrievalData = {
  kind: 'retrieval',
  name: 'kinds',
  corpus: words.slice(half).map((text) => ({ id: text, text })),
  queries: new Map(words.slice(half).map((text) => [text, { id: text, text }])),
  qrels: new Map([
    [
      'dev',
      new Map(
        words
          .slice(half)
          .map((word, i) => [
            word,
            new Map(words.slice(half).flatMap((other, j) => (i !== j && kindOf(i) === kindOf(j) ? [[other, 1] as const] : []))),
          ]),
      ),
    ],
  ]),
}

describe('chooseLdaHead', () => {
  let engine: Awaited<ReturnType<typeof createEagerEngine>>
  let encoder: Awaited<ReturnType<typeof openWords>>
  beforeAll(async () => {
    engine = await createEagerEngine({ backend: 'cpu' })
    encoder = await openWords()
  })
  afterAll(() => engine.dispose())

  it('takes the shrinkage that is best on dev; the figures are those of the encoder that it makes', async () => {
    const examples = labelled(kindOf)
    const shrinkages = [0.01, 1, 100]
    const chosen = await chooseLdaHead(encoder, { examples, dev, shrinkages, metrics: ['ndcg@10', 'recall@10'], engine })
    const evaluate = retrievalEvaluator({ data: dev, engine, metrics: ['ndcg@10', 'recall@10'] })
    const measured = async (one: typeof encoder) => evaluate(one, { encoders: [one] })
    const same = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) => {
      for (const [name, value] of Object.entries(a)) expect(b[name], name).toBeCloseTo(value, 5)
    }
    same(await measured(encoder), chosen.before)
    for (const { shrinkage, metrics } of chosen.tried)
      same(await measured(await ldaHead(encoder, { examples, shrinkage, engine })), metrics)
    const best = Math.max(...chosen.tried.map(({ metrics }) => metrics['ndcg@10']))
    expect(best).toBeGreaterThan(chosen.before['ndcg@10'] + 0.1)
    expect(chosen.tried.find(({ shrinkage }) => shrinkage === chosen.shrinkage)?.metrics['ndcg@10']).toBe(best)
    expect((await measured(chosen.encoder))['ndcg@10']).toBeCloseTo(best, 5)
    expect(chosen.shrinkage).not.toBe(100)
  })

  it('puts no head on where dev is worse with each', async () => {
    // Labels at random: what tells kinds apart varies within each of them.
    const random = seededRandom(2)
    const examples = labelled(() => String(random.integer(5)))
    const tuned = (await chooseLdaHead(encoder, { examples: labelled(kindOf), dev, engine })).encoder
    const { shrinkage, before, tried, encoder: kept } = await chooseLdaHead(tuned, { examples, dev, engine })
    expect(shrinkage).toBeUndefined()
    expect(kept).toBe(tuned)
    for (const { metrics } of tried) expect(metrics['ndcg@10']).toBeLessThan(before['ndcg@10'])
  })

  it('lets the encoder see an item once, however much is tried', async () => {
    const seen: string[] = []
    const features = {
      load: async (_: string, items: readonly unknown[]) => items.map(() => undefined),
      save: async (_: string, items: readonly unknown[], role: Role) => void seen.push(...items.map((item) => `${role} ${item}`)),
    }
    await chooseLdaHead(encoder, { examples: labelled(kindOf), dev, engine, features })
    expect(new Set(seen).size).toBe(seen.length)
    // Queries are encoded in their own role, and documents in theirs.
    expect(seen).toHaveLength(words.length + half)
  })

  it('needs a dev split', async () => {
    const none = { ...dev, qrels: new Map() }
    await expect(chooseLdaHead(encoder, { examples: labelled(kindOf), dev: none, engine })).rejects.toMatchObject({ code: 'data.split' })
  })
})
