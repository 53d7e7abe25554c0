import { type Expression, type Size, sizeKey, type Term } from '../dynamic/size.js'
import type { OnnxNode, OnnxTensor, TensorData } from './model.js'

/** Where the value of a symbol can be read: `size = symbol · factor`. */
export interface SymbolSource {
  /** Name of an input of the graph. */
  readonly input: string
  readonly axis: number
  readonly factor: number
}

/** Collects what formulas of sizes become: small nodes on `[1]` int64 tensors, and their constants. Equal formulas share them. */
export class SizeWriter {
  readonly #known = new Map<string, string>()

  constructor(
    readonly symbols: readonly SymbolSource[],
    readonly emit: (node: OnnxNode) => void,
    readonly initializer: (tensor: Omit<OnnxTensor, 'name'> & { readonly data: TensorData }) => string,
    readonly newName: () => string,
  ) {}

  /** Name of an int64 list. */
  list(sizes: readonly Size[]): string {
    if (sizes.every((size) => typeof size === 'number')) {
      return this.initializer({ dtype: 'int64', shape: [sizes.length], data: BigInt64Array.from(sizes.map(BigInt)) })
    }
    if (sizes.length === 1) return this.#integer(sizes[0])
    return this.#remember(`list ${sizes.map(sizeKey).join()}`, () =>
      this.#node(
        'Concat',
        sizes.map((size) => this.#integer(size)),
        { axis: 0 },
      ),
    )
  }

  /** Name of a scalar of the given type. */
  scalar(size: Expression, dtype: 'float32' | 'int32' | 'int64'): string {
    return this.#remember(`${dtype} ${sizeKey(size)}`, () => {
      const value = dtype === 'float32' ? this.#float(size) : dtype === 'int64' ? this.#integer(size) : this.#cast(this.#integer(size), 6)
      return this.#node('Reshape', [value, this.list([])])
    })
  }

  #remember(key: string, make: () => string): string {
    const known = this.#known.get(key)
    if (known) return known
    const name = make()
    this.#known.set(key, name)
    return name
  }

  #node(op: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = {}): string {
    const name = this.newName()
    this.emit({ op, inputs, outputs: [name], attributes })
    return name
  }

  #cast = (x: string, to: number) => this.#node('Cast', [x], { to })

  #symbol(index: number): string {
    return this.#remember(`symbol ${index}`, () => {
      const { input, axis, factor } = this.symbols[index]
      const size = this.#node('Shape', [input], { start: axis, end: axis + 1 })
      return factor === 1 ? size : this.#node('Div', [size, this.list([factor])])
    })
  }

  #integer(size: Size): string {
    if (typeof size === 'number') return this.list([size])
    return this.#remember(`integer ${sizeKey(size)}`, () =>
      size.terms.map((term) => this.#integerTerm(term)).reduce((sum, term) => this.#node('Add', [sum, term])),
    )
  }

  #integerTerm({ factor, divisor, powers }: Term): string {
    const factors = powers.flatMap((power, symbol) => Array(power).fill(this.#symbol(symbol)))
    if (factors.length === 0) return this.list([factor])
    let value = factors.reduce((product, one) => this.#node('Mul', [product, one]))
    if (factor !== 1) value = this.#node('Mul', [value, this.list([factor])])
    return divisor === 1 ? value : this.#node('Div', [value, this.list([divisor])])
  }

  /** `[1]` float32 */
  #float(size: Expression): string {
    const [term] = size.terms
    // Formulas of several terms are of whole numbers only.
    if (size.terms.length > 1 || term.powers.every((power) => power >= 0)) {
      if (Number.isInteger(term.factor)) return this.#cast(this.#integer(size), 1)
    }
    const part = (sign: 1 | -1): string | undefined => {
      const powers = term.powers.map((power) => Math.max(0, sign * power))
      return powers.some((power) => power > 0) ? this.#cast(this.#integer({ terms: [{ factor: 1, divisor: 1, powers }] }), 1) : undefined
    }
    const factor = this.initializer({ dtype: 'float32', shape: [1], data: Float32Array.of(term.factor / term.divisor) })
    const [above, below] = [part(1), part(-1)]
    const value = above ? this.#node('Mul', [factor, above]) : factor
    return below ? this.#node('Div', [value, below]) : value
  }
}

/** The list a Reshape needs: 0 copies a size of its input, −1 is what remains, so that few formulas have to be computed. */
export function reshapeTarget(from: readonly Size[], to: readonly Size[]): readonly Size[] {
  const copied = to.map((size, axis) =>
    typeof size !== 'number' && axis < from.length && sizeKey(size) === sizeKey(from[axis]) ? 0 : size,
  )
  const open = copied.flatMap((size, axis) => (typeof size === 'number' ? [] : [axis]))
  // With a literal 0 among them, 0 must not mean "copy" (see allowzero).
  if (to.includes(0)) return to
  return open.length === 1 ? copied.map((size, axis) => (axis === open[0] ? -1 : size)) : copied
}
