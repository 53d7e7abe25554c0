import { normalizeRows, vectors } from '@ms/core'
import { createEmbedder } from '@ms/embed'
import { embedCorpus, evaluate, fitLda, retrieve } from '@ms/finetune'

const candidates = [0.1, 0.3, 1, 3, 10]

/** @typedef {{ path: string, concept: string }} Drawing */

/**
 * The shrinkage of the head that dev likes best of two uses together: searched with as it is, and with another head of default settings
 * behind it, fitted on the drawings that somebody brings. Prints a line for each candidate.
 *
 * @param features the network, with neither a head nor a scale to unit length
 * @param {object} options
 * @param {readonly Drawing[]} options.learnt what the head is fitted on
 * @param {readonly Drawing[]} options.own those of them that stand for what somebody brings
 * @param options.data retrieval data with a dev split, of pictures by their paths
 * @param {(line: string) => void} options.print
 */
export async function chooseShrinkage(features, { learnt, own, data, engine, print }) {
  const searched = [...data.corpus, ...data.queries.values()].map(({ image }) => ({ path: image }))
  const made = await vectorsOf(features, [...learnt, ...searched], engine)
  const used = [...own, ...searched]
  let best = { score: Number.NEGATIVE_INFINITY, shrinkage: Number.NaN }
  for (const shrinkage of candidates) {
    const shipped = mapped(made, used, fitted(made, learnt, { shrinkage }))
    const behind = mapped(shipped, searched, fitted(shipped, own))
    const [alone, together] = [await measured(shipped, data), await measured(behind, data)]
    print(`shrinkage ${shrinkage}: dev nDCG@10 ${alone.toFixed(4)} as it is, ${together.toFixed(4)} with another head behind it`)
    const score = alone + together
    if (score > best.score) best = { score, shrinkage }
  }
  return best.shrinkage
}

/** Vector of each path. */
async function vectorsOf(features, drawings, engine) {
  const paths = [...new Set(drawings.map(({ path }) => path))]
  const embedder = await createEmbedder(features, { engine })
  try {
    const { data, dim } = await embedder.embed(paths, { role: 'document' })
    return new Map(paths.map((path, i) => [path, data.subarray(i * dim, (i + 1) * dim)]))
  } finally {
    await embedder.dispose()
  }
}

const stacked = (rows) => {
  const data = new Float32Array(rows.length * rows[0].length)
  for (const [i, row] of rows.entries()) data.set(row, i * row.length)
  return vectors(data, rows.length, rows[0].length)
}

const fitted = (made, drawings, options) => {
  const rows = drawings.map(({ path }) => made.get(path))
  const concepts = drawings.map(({ concept }) => concept)
  return fitLda(stacked(rows), concepts, options)
}

/** What a linear map makes of some of the vectors. */
const mapped = (made, drawings, { weight, bias, inFeatures, outFeatures }) => {
  const apply = (vector) => {
    const result = new Float32Array(outFeatures)
    for (let i = 0; i < outFeatures; i++) {
      let sum = bias[i]
      for (let j = 0, at = i * inFeatures; j < inFeatures; j++) sum += weight[at + j] * vector[j]
      result[i] = sum
    }
    return result
  }
  return new Map(drawings.map(({ path }) => [path, apply(made.get(path))]))
}

async function measured(made, data) {
  const qrels = data.qrels.get('dev')
  const embed = async (paths) => normalizeRows(stacked(paths.map((path) => made.get(path))))
  const image = { dim: [...made.values()][0].length, embed }
  const run = await retrieve({ image }, await embedCorpus({ image }, data), { queries: data.queries, qrels }, { k: 100 })
  return evaluate(qrels, run, { metrics: ['ndcg@10'] }).metrics['ndcg@10']
}
