import { fixedShape, type Shape, type Size, shapeKey, sizeKey } from '../dynamic/size.js'
import type { GraphSymbol } from '../dynamic/symbols.js'
import type { ConstantValue, ElementType, Graph, Value } from '../graph.js'
import { reshapeTarget, SizeWriter } from './lower-sizes.js'
import type { OnnxModel, OnnxNode, OnnxTensor, TensorData } from './model.js'

export interface LowerOptions {
  readonly symbols: readonly GraphSymbol[]
  /** Names of the symbols, for readers of the model. Default: `size0`, `size1`, … */
  readonly symbolNames?: readonly string[]
  /** What the initializer of a weight holds. */
  weight(name: string, length: number): OnnxTensor['data']
}

/** Give everything a name, and turn formulas of sizes into nodes that compute them. */
export function lower(graph: Graph, options: LowerOptions): OnnxModel {
  return new Lowering(graph, options).model()
}

/** Constants up to this many elements are written out; larger ones of one number are expanded when the model is loaded. */
const writtenOut = 16

/** Operators that need not give all their outputs. They are quicker, or work in more places, without those that nothing reads. */
const optionalOutputs: ReadonlySet<string> = new Set(['LayerNormalization', 'MaxPool'])

class Lowering {
  readonly #nodes: OnnxNode[] = []
  readonly #initializers: OnnxTensor[] = []
  readonly #names = new Map<Value, string>()
  readonly #shared = new Map<string, string>()
  readonly #taken: Set<string>
  readonly #sizes: SizeWriter
  #counter = 0

  constructor(
    readonly graph: Graph,
    readonly options: LowerOptions,
  ) {
    this.#taken = new Set([...graph.inputs.map(({ name }) => name), ...graph.outputs.map(({ name }) => name)])
    const symbols = options.symbols.map(({ axes }) => {
      const { name, axis, factor } = axes.find((one) => one.factor === 1) ?? axes[0]
      return { input: name, axis, factor }
    })
    this.#sizes = new SizeWriter(
      symbols,
      (node) => this.#nodes.push(node),
      (tensor) => this.#initializer(tensor),
      () => this.#newName(),
    )
  }

  model(): OnnxModel {
    const read = new Set([...this.graph.nodes.flatMap(({ inputs }) => inputs), ...this.graph.outputs.map(({ value }) => value)])
    for (const input of this.graph.inputs) this.#names.set(input, input.name)
    this.#nameOutputs()
    for (const { op, inputs, attributes, outputs } of this.graph.nodes) {
      const names = inputs.map((input, i) => (op === 'Reshape' && i === 1 ? this.#reshapeTarget(inputs[0], outputs[0]) : this.#name(input)))
      const needed = optionalOutputs.has(op) ? outputs.slice(0, 1 + outputs.findLastIndex((output) => read.has(output))) : outputs
      const literal = op === 'Reshape' && outputs[0].shape.includes(0) ? { ...attributes, allowzero: 1 } : attributes
      this.#nodes.push({ op, inputs: names, outputs: needed.map((output) => this.#name(output)), attributes: literal })
    }
    for (const { name, value } of this.graph.outputs) {
      const source = this.#name(value)
      if (source !== name) this.#nodes.push({ op: 'Identity', inputs: [source], outputs: [name], attributes: {} })
    }
    const used = new Set(this.#nodes.flatMap(({ inputs }) => inputs))
    const inputs = this.graph.inputs.filter(({ name }) => used.has(name))
    return {
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape: this.#typeShape(shape) })),
      outputs: this.graph.outputs.map(({ name, value: { dtype, shape } }) => ({ name, dtype, shape: this.#typeShape(shape) })),
    }
  }

  /** The result of a node that is one output gets the output's name; what is several outputs is copied. */
  #nameOutputs(): void {
    for (const { name, value } of this.graph.outputs) {
      if (value.kind === 'result' && !this.#names.has(value)) this.#names.set(value, name)
    }
  }

  #reshapeTarget(x: Value, output: Value): string {
    return this.#sizes.list(reshapeTarget(x.shape, output.shape))
  }

  #typeShape(shape: Shape): (number | string)[] {
    return shape.map((size) => (typeof size === 'number' ? size : this.#sizeName(size)))
  }

  #sizeName(size: Exclude<Size, number>): string {
    const nameOf = (symbol: number) => this.options.symbolNames?.[symbol] ?? `size${symbol}`
    const term = ({ factor, divisor, powers }: (typeof size.terms)[number]) => {
      const symbols = powers.flatMap((power, symbol) => Array<string>(power).fill(nameOf(symbol)))
      return [...(factor === 1 && symbols.length > 0 ? [] : [factor]), ...symbols].join('*') + (divisor === 1 ? '' : `/${divisor}`)
    }
    return size.terms.map(term).join('+')
  }

  #newName(): string {
    let name: string
    do name = `t${this.#counter++}`
    while (this.#taken.has(name))
    this.#taken.add(name)
    return name
  }

  #name(value: Value): string {
    const known = this.#names.get(value)
    if (known) return known
    const name = value.kind === 'weight' ? this.#weight(value) : value.kind === 'constant' ? this.#constant(value) : this.#newName()
    this.#names.set(value, name)
    return name
  }

  #weight({ name, shape }: Value & { kind: 'weight' }): string {
    const sizes = fixedShape(shape) ?? []
    const unique = this.#taken.has(name) ? this.#newName() : name
    this.#taken.add(unique)
    const length = sizes.reduce((product, size) => product * size, 1)
    this.#initializers.push({ name: unique, dtype: 'float32', shape: sizes, data: this.options.weight(name, length) })
    return unique
  }

  #initializer(tensor: { dtype: ElementType; shape: readonly number[]; data: TensorData }): string {
    const key = tensor.data.length <= 64 ? `${tensor.dtype}[${tensor.shape}]${tensor.data.join()}` : undefined
    const known = key && this.#shared.get(key)
    if (known) return known
    const name = this.#newName()
    this.#initializers.push({ ...tensor, name })
    if (key) this.#shared.set(key, name)
    return name
  }

  #constant(constant: ConstantValue): string {
    const { content, dtype, shape } = constant
    switch (content.form) {
      case 'list':
        return this.#sizes.list(content.values)
      case 'array':
        return this.#initializer({ dtype, shape: fixedShape(shape) ?? [], data: typed(dtype, content.values) })
      case 'fill':
        return this.#fill(content.value, dtype, shape)
      case 'range':
        return this.#range(content, dtype, shape)
      case 'identity':
        return this.#identity(dtype, shape)
    }
  }

  #fill(value: Size, dtype: ElementType, shape: Shape): string {
    const sizes = fixedShape(shape)
    const length = sizes?.reduce((product, size) => product * size, 1) ?? Number.POSITIVE_INFINITY
    if (typeof value === 'number' && sizes && length <= writtenOut) {
      return this.#initializer({ dtype, shape: sizes, data: typed(dtype, Array(length).fill(value)) })
    }
    const scalar = this.#scalar(value, dtype)
    if (shape.length === 0) return scalar
    return this.#node(`fill ${scalar} ${shapeKey(shape)}`, 'Expand', [scalar, this.#sizes.list(shape)])
  }

  #scalar(value: Size, dtype: ElementType): string {
    if (typeof value === 'number') return this.#initializer({ dtype, shape: [], data: typed(dtype, [value]) })
    return this.#sizes.scalar(value, dtype === 'float32' || dtype === 'int64' ? dtype : 'int32')
  }

  #range({ start, step }: { start: Size; step: Size }, dtype: ElementType, [length]: Shape): string {
    const [from, by, count] = [start, step, length].map((size) => this.#scalar(size, 'int64'))
    const key = `range ${sizeKey(start)} ${sizeKey(step)} ${sizeKey(length)}`
    const zero = this.#scalar(0, 'int64')
    const one = this.#scalar(1, 'int64')
    const positions = this.#node(key, 'Range', [zero, count, one])
    const scaled = this.#node(`${key} scaled`, 'Add', [this.#node(`${key} steps`, 'Mul', [positions, by]), from])
    return dtype === 'int64' ? scaled : this.#node(`${key} ${dtype}`, 'Cast', [scaled], { to: dtype === 'float32' ? 1 : 6 })
  }

  #identity(dtype: ElementType, shape: Shape): string {
    const zeros = this.#fill(0, dtype, shape)
    return this.#node(`identity ${dtype} ${shapeKey(shape)}`, 'EyeLike', [zeros])
  }

  #node(key: string, op: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = {}): string {
    const known = this.#shared.get(key)
    if (known) return known
    const name = this.#newName()
    this.#nodes.push({ op, inputs, outputs: [name], attributes })
    this.#shared.set(key, name)
    return name
  }
}

function typed(dtype: ElementType, values: ArrayLike<number>): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values)
    case 'int32':
      return Int32Array.from(values)
    case 'bool':
    case 'uint8':
      return Uint8Array.from(values)
    case 'int8':
      return Int8Array.from(values)
    case 'int64':
      return BigInt64Array.from(Array.from(values, BigInt))
  }
}
