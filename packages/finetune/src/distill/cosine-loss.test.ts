import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { cosineLoss } from './cosine-loss.js'
import { backpropagateBag, bagBuilder, embedBag } from './embedding-bag.js'
import { packTokens } from './tokenized-texts.js'

const dim = 5

function unitRows(count: number, random: ReturnType<typeof seededRandom>) {
  const rows = Float64Array.from({ length: count * dim }, () => random.normal())
  for (let i = 0; i < count; i++) {
    const length = Math.hypot(...rows.subarray(i * dim, (i + 1) * dim))
    for (let k = i * dim; k < (i + 1) * dim; k++) rows[k] /= length
  }
  return rows
}

describe('cosineLoss', () => {
  it('is zero for a student equal to its teacher', () => {
    const rows = unitRows(6, seededRandom(1))
    const gradient = new Float64Array(6 * dim)
    expect(cosineLoss(rows, rows, 6, dim, gradient)).toBeCloseTo(0, 12)
  })

  it.each([2, 5, 8])('has the gradient that finite differences find, through bag and normalisation, for %i texts', (count) => {
    const random = seededRandom(7)
    const vocabulary = 9
    const table = Float32Array.from({ length: vocabulary * dim }, () => random.normal())
    const texts = packTokens(
      Array.from({ length: count }, () => Array.from({ length: 1 + random.integer(6) }, () => random.integer(vocabulary))),
    )
    const teacher = unitRows(count, random)
    const picked = Array.from({ length: count }, (_, index) => ({ from: texts, index }))
    const bag = bagBuilder(vocabulary)(picked)
    const student = new Float64Array(count * dim)
    const gradient = new Float64Array(count * dim)
    const lossAt = () => {
      const lengths = embedBag(table, dim, bag, student)
      return { lengths, loss: cosineLoss(student, teacher, count, dim, gradient) }
    }
    const rows = new Float64Array(bag.rows.length * dim)
    backpropagateBag(bag, student, lossAt().lengths, gradient, dim, rows)
    for (let r = 0; r < bag.rows.length; r++) {
      for (let k = 0; k < dim; k++) {
        const at = bag.rows[r] * dim + k
        const kept = table[at]
        // Powers of two: float32 holds both points exactly enough for their true distance to be used.
        table[at] = kept + 2 ** -9
        const [above, high] = [lossAt().loss, table[at]]
        table[at] = kept - 2 ** -9
        const [below, low] = [lossAt().loss, table[at]]
        table[at] = kept
        expect(Math.abs((above - below) / (high - low) - rows[r * dim + k])).toBeLessThan(2e-4)
      }
    }
  })

  it('leaves a text without tokens at zero', () => {
    const texts = packTokens([[], [1]])
    const bag = bagBuilder(3)([0, 1].map((index) => ({ from: texts, index })))
    const out = new Float64Array(2 * dim).fill(9)
    const lengths = embedBag(new Float32Array(3 * dim).fill(2), dim, bag, out)
    expect([...out.subarray(0, dim)]).toEqual([0, 0, 0, 0, 0])
    expect(lengths[0]).toBe(0)
    expect(Math.hypot(...out.subarray(dim))).toBeCloseTo(1, 12)
  })
})
