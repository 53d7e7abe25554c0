import { MsError, type OnProgress, type Random } from '@ms/core'
import { cosineLoss } from './cosine-loss.js'
import { backpropagateBag, bagBuilder, embedBag } from './embedding-bag.js'
import { rowAdam } from './row-adam.js'
import type { TokenizedTexts } from './tokenized-texts.js'

/** Texts with what the teacher makes of them. */
export interface LearningGroup {
  readonly texts: TokenizedTexts
  /** `[count, dim]` unit rows */
  readonly targets: Float32Array
  /** How often each text is seen in an epoch, on average. */
  readonly weight: number
}

export interface LearnTokensOptions {
  readonly dim: number
  readonly groups: readonly LearningGroup[]
  readonly epochs: number
  readonly batchSize: number
  /** Peak rate of Adam for rows whose components have a root mean square of 1. Linear warm-up (2 % of the steps), linear decay to 0. */
  readonly learningRate: number
  /** Rows that stay zero. */
  readonly frozen: ReadonlySet<number>
  readonly random: Random
  readonly onProgress?: OnProgress
  readonly onEpoch?: (epoch: number, meanLoss: number) => void
  readonly signal?: AbortSignal
}

/**
 * Trains a table so that the normalised sum of a text's rows becomes the teacher's embedding of the text
 * ("tokenlearn", as the Model2Vec project calls it). Changes the table in place.
 *
 * @param table `[vocabulary, dim]`
 * @throws `distill.no-texts` when there is nothing to learn from, `distill.diverged` when the loss is no longer a number
 */
export async function learnTokens(table: Float32Array, options: LearnTokensOptions): Promise<void> {
  const { dim, groups, epochs, frozen, random, signal } = options
  const vocabulary = table.length / dim
  const build = bagBuilder(vocabulary)
  const adam = rowAdam(table, dim)
  let rowGradient = new Float64Array(0)
  const available = groups.reduce((sum, group) => sum + shares(group), 0)
  if (available === 0) throw new MsError('distill.no-texts', 'there are no texts to learn from', { where: 'texts' })
  const batch = Math.min(options.batchSize, available)
  const perEpoch = Math.floor(available / batch)
  const [student, teacher, gradient] = [0, 1, 2].map(() => new Float64Array(batch * dim))
  const total = perEpoch * epochs
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    const order = drawOrder(groups, random)
    let sum = 0
    for (let b = 0; b < perEpoch; b++, step++) {
      signal?.throwIfAborted()
      const picked = Array.from({ length: batch }, (_, i) => {
        const [group, index] = [order.group[b * batch + i], order.index[b * batch + i]]
        teacher.set(groups[group].targets.subarray(index * dim, (index + 1) * dim), i * dim)
        return { from: groups[group].texts, index }
      })
      const bag = build(picked)
      const lengths = embedBag(table, dim, bag, student)
      const loss = cosineLoss(student, teacher, batch, dim, gradient)
      if (!Number.isFinite(loss)) {
        throw new MsError('distill.diverged', `the loss is ${loss} at step ${step + 1}`, {
          kind: 'failure',
          advice: 'Use a smaller learning rate; check that the teacher gives finite vectors.',
        })
      }
      sum += loss
      if (rowGradient.length < bag.rows.length * dim) rowGradient = new Float64Array(bag.rows.length * dim)
      backpropagateBag(bag, student, lengths, gradient, dim, rowGradient)
      bag.rows.forEach((row, r) => {
        if (frozen.has(row)) rowGradient.fill(0, r * dim, (r + 1) * dim)
      })
      const warm = Math.min(1, (step + 1) / (0.02 * total))
      adam.step(bag.rows, rowGradient, options.learningRate * warm * (1 - step / total))
      // Lets timers, signals and other work have their turn.
      if (step % 16 === 0) await new Promise((resolve) => setTimeout(resolve))
      options.onProgress?.({ done: step + 1, total, unit: 'steps' })
    }
    options.onEpoch?.(epoch + 1, sum / perEpoch)
  }
}

const size = (group: LearningGroup) => group.texts.offsets.length - 1
const shares = (group: LearningGroup) => Math.round(size(group) * group.weight)

/** One epoch: of each group a random part (or several rounds), all mixed. */
function drawOrder(groups: readonly LearningGroup[], random: Random): { group: Int32Array; index: Int32Array } {
  const all: { group: number; index: number }[] = []
  groups.forEach((group, g) => {
    const count = size(group)
    for (let left = shares(group); left > 0; left -= count) {
      const round = random.shuffle(Array.from({ length: count }, (_, i) => i))
      for (const index of left < count ? round.slice(0, left) : round) all.push({ group: g, index })
    }
  })
  random.shuffle(all)
  return { group: Int32Array.from(all, (item) => item.group), index: Int32Array.from(all, (item) => item.index) }
}
