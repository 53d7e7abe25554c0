import { row, seededRandom, vectors } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { fitLda } from './fit-lda.js'

const [width, perClass, classes] = [6, 20, 5]

/** Classes that differ in two quiet directions, and noise that is loud in the others. */
function clouds(seed = 4) {
  const random = seededRandom(seed)
  const centres = Array.from({ length: classes }, () => [random.normal(), random.normal()])
  const labels: string[] = []
  const data = new Float32Array(classes * perClass * width)
  for (let i = 0; i < classes * perClass; i++) {
    const c = i % classes
    labels.push(`class ${c}`)
    for (let j = 0; j < width; j++) data[i * width + j] = 3 + (j < 2 ? centres[c][j] + 0.1 * random.normal() : 4 * random.normal())
  }
  return { features: vectors(data, classes * perClass, width), labels }
}

const apply = ({ weight, bias, inFeatures, outFeatures }: ReturnType<typeof fitLda>, x: Float32Array) =>
  Array.from({ length: outFeatures }, (_, i) => x.reduce((sum, value, j) => sum + weight[i * inFeatures + j] * value, bias[i]))

const cosine = (a: number[], b: number[]) => {
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

/** Share of items whose nearest other item, by cosine, is of their class. */
function nearest(points: number[][], labels: string[]): number {
  const right = points.filter((point, i) => {
    const scores = points.map((other, j) => (i === j ? Number.NEGATIVE_INFINITY : cosine(point, other)))
    return labels[scores.indexOf(Math.max(...scores))] === labels[i]
  })
  return right.length / points.length
}

describe('fitLda', () => {
  const { features, labels } = clouds()
  const raw = labels.map((_, i) => [...row(features, i)])

  it('finds the directions that tell classes apart', () => {
    for (const dim of [undefined, 2]) {
      const map = fitLda(features, labels, { shrinkage: 0.01, dim })
      const turned = labels.map((_, i) => apply(map, row(features, i)))
      expect(turned[0]).toHaveLength(dim ?? width)
      expect(nearest(turned, labels)).toBeGreaterThan(nearest(raw, labels) + 0.3)
    }
  })

  it('whitens: within classes the covariance is the identity, as far as it was not shrunk', () => {
    const map = fitLda(features, labels, { shrinkage: 1e-6 })
    const turned = labels.map((_, i) => apply(map, row(features, i)))
    const mean = (points: number[][]) => Array.from({ length: width }, (_, j) => points.reduce((sum, p) => sum + p[j], 0) / points.length)
    for (const value of mean(turned)) expect(value).toBeCloseTo(0, 3)
    const centred = turned.map((point, i) => {
      const centre = mean(turned.filter((_, j) => labels[j] === labels[i]))
      return point.map((value, j) => value - centre[j])
    })
    for (let a = 0; a < width; a++) {
      for (let b = 0; b < width; b++) {
        const covariance = centred.reduce((sum, point) => sum + point[a] * point[b], 0) / centred.length
        expect(covariance).toBeCloseTo(a === b ? 1 : 0, 2)
      }
    }
  })

  it('counts a class of one for the mean only', () => {
    const more = vectors(Float32Array.from([...features.data, ...Array(width).fill(3)]), features.count + 1, width)
    expect(fitLda(more, [...labels, 'alone']).weight).toEqual(fitLda(features, labels).weight)
  })

  it('is finite for features that do not vary, and refuses what makes no sense', () => {
    const flat = vectors(new Float32Array(4 * width).fill(1), 4, width)
    expect(fitLda(flat, ['a', 'a', 'b', 'b']).weight.every(Number.isFinite)).toBe(true)
    expect(() => fitLda(flat, ['a', 'b', 'c', 'd'])).toThrow(expect.objectContaining({ code: 'lda.classes' }))
    expect(() => fitLda(features, labels, { shrinkage: 0 })).toThrow(expect.objectContaining({ code: 'lda.option' }))
    expect(() => fitLda(features, labels, { dim: 7 })).toThrow(expect.objectContaining({ code: 'lda.option' }))
  })
})
