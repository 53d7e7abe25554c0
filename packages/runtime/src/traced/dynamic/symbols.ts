import { graphName, type Signature, type TensorSpec } from '../record.js'
import type { Point } from './size.js'

/** An axis of something that is given at each run; its size is `factor` times the symbol's value. */
export interface Axis {
  readonly name: string
  readonly axis: number
  readonly factor: number
}

/** A size that may change from run to run, and the axes that have it. */
export interface GraphSymbol {
  readonly axes: readonly Axis[]
}

/** Shapes of what is given at each run, by name in the graph. */
export type Shapes = ReadonlyMap<string, readonly number[]>

export const shapesOf = ({ inputs, trainable }: Signature): Shapes =>
  new Map([
    ...Object.entries(inputs).map(([name, { shape }]) => [graphName.input(name), shape] as const),
    ...[...(trainable ?? [])].map(([name, shape]) => [graphName.trainable(name), shape] as const),
  ])

/** Names in the graph of the inputs whose last axis is not open; see `Inputs`. */
export const masksOf = ({ inputs }: Signature): ReadonlySet<string> =>
  new Set(
    Object.keys(inputs)
      .filter((name) => inputs[name].dtype === 'bool')
      .map(graphName.input),
  )

/** The same signature with other shapes. */
export const withShapes = (signature: Signature, shapes: Shapes): Signature => ({
  ...signature,
  inputs: Object.fromEntries(
    Object.entries(signature.inputs).map(([name, { dtype }]): [string, TensorSpec] => [
      name,
      { dtype, shape: shapes.get(graphName.input(name)) ?? [] },
    ]),
  ),
  trainable:
    signature.trainable && new Map([...signature.trainable.keys()].map((name) => [name, shapes.get(graphName.trainable(name)) ?? []])),
})

/**
 * Axes that may belong together: those that had equal sizes in all shapes seen so far. All axes of inputs count, but for the last
 * one of a mask; of a trainable weight only the first, and only once it was seen with two sizes.
 */
export function findSymbols(seen: readonly Shapes[], masks: ReadonlySet<string> = new Set()): GraphSymbol[] {
  const groups = new Map<string, Axis[]>()
  for (const [name, shape] of seen[0]) {
    shape.forEach((_, axis) => {
      const sizes = seen.map((shapes) => shapes.get(name)?.[axis])
      const weight = name.startsWith(graphName.trainable(''))
      if (weight && (axis > 0 || sizes.every((size) => size === sizes[0]))) return
      if (sizes.includes(0) || (masks.has(name) && axis === shape.length - 1)) return
      const key = sizes.join()
      groups.set(key, [...(groups.get(key) ?? []), { name, axis, factor: 1 }])
    })
  }
  return [...groups.values()].map((axes) => ({ axes }))
}

/** Symbols that are multiples of another one in all shapes seen (two columns in one batch) become axes of that one. */
export function linkMultiples(symbols: readonly GraphSymbol[], seen: readonly Shapes[]): GraphSymbol[] {
  const valuesOf = ({ axes: [{ name, axis }] }: GraphSymbol) => seen.map((shapes) => shapes.get(name)?.[axis] ?? 0)
  const linked: { values: number[]; axes: Axis[] }[] = []
  for (const symbol of [...symbols].sort((a, b) => valuesOf(a)[0] - valuesOf(b)[0])) {
    const values = valuesOf(symbol)
    const base = linked.find(({ values: [first, ...rest] }) => {
      const factor = values[0] / first
      return first > 1 && Number.isInteger(factor) && rest.every((value, i) => value * factor === values[i + 1])
    })
    if (base) base.axes.push(...symbol.axes.map((axis) => ({ ...axis, factor: values[0] / base.values[0] })))
    else linked.push({ values, axes: [...symbol.axes] })
  }
  return linked
}

/** The value of each symbol in these shapes; undefined where axes of one symbol disagree. */
export function pointOf(symbols: readonly GraphSymbol[], shapes: Shapes): Point | undefined {
  const point: number[] = []
  for (const { axes } of symbols) {
    const values = axes.map(({ name, axis, factor }) => (shapes.get(name)?.[axis] ?? 0) / factor)
    if (!Number.isInteger(values[0]) || values.some((value) => value !== values[0])) return undefined
    point.push(values[0])
  }
  return point
}

/** These shapes with other values for the symbols. */
export function shapesAt(shapes: Shapes, symbols: readonly GraphSymbol[], point: Point): Shapes {
  const moved = new Map([...shapes].map(([name, shape]) => [name, [...shape]]))
  symbols.forEach(({ axes }, symbol) => {
    for (const { name, axis, factor } of axes) {
      const shape = moved.get(name)
      if (shape) shape[axis] = point[symbol] * factor
    }
  })
  return moved
}
