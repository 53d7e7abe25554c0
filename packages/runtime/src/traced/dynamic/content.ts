import type { Content } from '../graph.js'
import { evaluate, type Point } from './size.js'

/** The elements of a constant. */
export const numbersOf = ({ content, shape }: { content: Content<number>; shape: readonly number[] }): ArrayLike<number> => {
  switch (content.form) {
    case 'list':
    case 'array':
      return content.values
    case 'fill':
      return Array(shape.reduce((product, size) => product * size, 1)).fill(content.value)
    case 'range':
      return Array.from({ length: shape[0] }, (_, i) => content.start + i * content.step)
    case 'identity':
      return Array.from({ length: shape[0] ** 2 }, (_, i) => (i % (shape[0] + 1) === 0 ? 1 : 0))
  }
}

export const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

/** A content with its formulas worked out. */
export function contentAt(content: Content, point: Point): Content<number> {
  switch (content.form) {
    case 'list':
      return { form: 'list', values: content.values.map((size) => evaluate(size, point)) }
    case 'fill':
      return { form: 'fill', value: evaluate(content.value, point) }
    case 'range':
      return { form: 'range', start: evaluate(content.start, point), step: evaluate(content.step, point) }
    default:
      return content
  }
}
