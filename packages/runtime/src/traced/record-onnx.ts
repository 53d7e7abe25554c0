import { MsError } from '@ms/core'
import type { HostTensor, Inputs, Parameters, TensorFunction, Tensors } from '@ms/core/tensor'
import { getBackend, ready } from '@tensorflow/tfjs-core'
import { hostType } from '../host-type.js'
import { recordWithSymbols } from './dynamic/generalise.js'
import type { GraphSymbol } from './dynamic/symbols.js'
import { Mismatch } from './dynamic/unify.js'
import { type Graph, type InputValue, makeNode, type Node, type Value } from './graph.js'
import { lower } from './onnx/lower.js'
import { encodeModel } from './onnx/model.js'
import { type InputRanges, observeInputs } from './passes/input-ranges.js'
import { optimise } from './passes/optimise.js'
import { productsToObserve, quantize } from './passes/quantize.js'
import { graphName, record, type Signature } from './record.js'

export interface RecordOnnxOptions {
  /** Weights; they become initializers of their own names. */
  readonly constants: Parameters
  /** Inputs as the function is called with; their values do not matter. Use sizes of at least 2 for open axes. */
  readonly sampleInputs: Inputs
  /**
   * Axes of open size, by input: axis → name. Axes of one name have one size.
   * Default: all sizes are those of the sample.
   *
   * @example `{ input_ids: { 0: 'batch', 1: 'length' }, attention_mask: { 0: 'batch', 1: 'length' } }`
   */
  readonly dynamicAxes?: Readonly<Record<string, Readonly<Record<number, string>>>>
  /** Inputs that the file takes as int64, the usual type of token ids elsewhere. They are converted on entry. */
  readonly int64Inputs?: readonly string[]
  /**
   * `int8`: weights of products, large tables and filters in eight bits, a quarter of the size. The file then uses an operator of ONNX Runtime's own
   * where it has products. Default: float32, as they are.
   */
  readonly quantize?: 'int8'
  /** Finds out beforehand what products are fed; `quantize` then takes less time to run. Default: it is found out as it comes. */
  readonly calibration?: Calibration
  /**
   * Where a weight's numbers lie outside the ONNX file: a file's name and a position in it, in bytes. Undefined: they are put inside.
   * Default: all inside. Not together with `quantize`.
   */
  externalWeight?(name: string): { readonly location: string; readonly offset: number } | undefined
}

/** A sample, and something to run it with. */
export interface Calibration {
  /** What the function may be called with, without padding. */
  readonly samples: readonly Inputs[]
  /** Loads an ONNX file: `openOnnxModel` of `@ms/runtime/node/onnx`. */
  open(model: Uint8Array): Promise<{
    run(inputs: Inputs, output: string): Promise<HostTensor<Float32Array>>
    release(): Promise<void>
  }>
}

/**
 * Record a tensor function as an ONNX file (opset 20, weights inside, standard operators unless it is quantised). Inputs and outputs have the
 * names they have in the function.
 *
 * @throws `onnx.not-dynamic` where an open axis cannot be open, `onnx.names` where an input and an output have one name,
 *   `onnx.too-large`, `onnx.nothing-to-quantize`, and what recording throws: `engine.op-unsupported`, `engine.value-read`, `weights.missing`
 *
 * @example
 * ```ts
 * import { recordOnnx } from '@ms/runtime'
 * import * as tf from '@tensorflow/tfjs-core'
 *
 * const weights = new Map([['scale', { shape: [3], data: Float32Array.of(1, 2, 3) }]])
 * const file = await recordOnnx((weights, { x }) => ({ y: tf.mul(x, weights.get('scale')) }), {
 *   constants: weights,
 *   sampleInputs: { x: { shape: [2, 3], data: new Float32Array(6) } },
 *   dynamicAxes: { x: { 0: 'batch' } },
 * })
 * ```
 */
export async function recordOnnx<O extends Tensors>(fn: TensorFunction<O>, options: RecordOnnxOptions): Promise<Uint8Array> {
  const { constants, sampleInputs, int64Inputs = [] } = options
  if (getBackend()) await ready()
  const signature: Signature = {
    constants: new Map([...constants].map(([name, { shape }]) => [name, shape])),
    inputs: Object.fromEntries(Object.entries(sampleInputs).map(([name, { shape, data }]) => [name, { dtype: hostType(data), shape }])),
  }
  const { symbols, names } = symbolsOf(options)
  const recording = symbols.length === 0 ? { graph: record(fn, signature), periods: [] } : recordWithSymbols(fn, signature, symbols)
  const bound = recording instanceof Mismatch ? names : names.filter((_, symbol) => recording.periods[symbol] > 1)
  if (recording instanceof Mismatch || bound.length > 0) {
    const reason = recording instanceof Mismatch ? recording.reason : 'not all sizes are treated alike (a stride above 1?)'
    throw new MsError('onnx.not-dynamic', `the sizes ${bound.join(', ')} cannot be left open: ${reason}`, {
      advice: 'Leave fewer axes open, or take their sizes from the shapes of tensors.',
      details: { axes: bound },
    })
  }
  const { graph } = recording
  const weight = (name: string) => constants.get(name)?.data ?? new Float32Array()
  const placed = (name: string) => {
    const place = options.quantize ? undefined : options.externalWeight?.(name)
    return place ? { ...place, length: weight(name).byteLength } : weight(name)
  }
  const encode = (graph: Graph) => {
    const model = lower(withPlainNames(graph, int64Inputs), {
      symbols: symbols.map(({ axes }) => ({ axes: axes.map((axis) => ({ ...axis, name: plainName(axis.name) })) })),
      symbolNames: names,
      weight: placed,
    })
    return encodeModel(model)
  }
  const optimised = optimise(graph)
  if (!options.quantize) return encode(optimised)
  return encode(quantize(optimised, weight, options.calibration && (await inputRanges(optimised, options.calibration, encode))))
}

/** What the products of a graph are fed by the samples. */
async function inputRanges(graph: Graph, { samples, open }: Calibration, encode: (graph: Graph) => Uint8Array): Promise<InputRanges> {
  const products = productsToObserve(graph)
  if (products.length === 0 || samples.length === 0) return new Map()
  const output = 'ranges of inputs'
  const observed = observeInputs(graph, products, graphName.output(output))
  const session = await open(encode(observed.graph))
  try {
    const runs: Float32Array[] = []
    for (const sample of samples) runs.push((await session.run(sample, output)).data)
    return observed.ranges(runs)
  } finally {
    await session.release()
  }
}

function symbolsOf({ dynamicAxes = {}, sampleInputs }: RecordOnnxOptions): { symbols: GraphSymbol[]; names: string[] } {
  const axes = new Map<string, { name: string; axis: number; factor: number }[]>()
  for (const [input, names] of Object.entries(dynamicAxes)) {
    for (const [axis, name] of Object.entries(names)) {
      if (sampleInputs[input]?.shape[Number(axis)] === undefined) {
        throw new MsError('onnx.not-dynamic', `there is no axis ${axis} of an input '${input}'`, { where: `dynamicAxes.${input}` })
      }
      axes.set(name, [...(axes.get(name) ?? []), { name: graphName.input(input), axis: Number(axis), factor: 1 }])
    }
  }
  return { symbols: [...axes.values()].map((all) => ({ axes: all })), names: [...axes.keys()] }
}

const plainName = (name: string) => name.slice(name.indexOf(':') + 1)

/** The graph with the function's own names, and with int64 inputs where they are wanted. */
function withPlainNames(graph: Graph, int64Inputs: readonly string[]): Graph {
  const replaced = new Map<Value, Value>()
  const casts: Node[] = []
  const inputs = graph.inputs.map((input): InputValue => {
    const name = plainName(input.name)
    const wide = int64Inputs.includes(name)
    const renamed: InputValue = { ...input, name, dtype: wide ? 'int64' : input.dtype }
    if (wide) casts.push(makeNode<Value['shape'][number]>('Cast', [renamed], { to: input.dtype === 'int32' ? 6 : 1 }, [input]))
    replaced.set(input, wide ? casts[casts.length - 1].outputs[0] : renamed)
    return renamed
  })
  const nodes = graph.nodes.map(({ op, inputs, attributes, outputs }) => {
    const node = makeNode(
      op,
      inputs.map((value) => replaced.get(value) ?? value),
      attributes,
      outputs,
    )
    outputs.forEach((output, i) => {
      replaced.set(output, node.outputs[i])
    })
    return node
  })
  const outputs = graph.outputs.map(({ name, value }) => ({ name: plainName(name), value: replaced.get(value) ?? value }))
  const shared = outputs.find(({ name }) => inputs.some((input) => input.name === name))
  if (shared) {
    throw new MsError('onnx.names', `an input and an output are both called '${shared.name}'`, {
      where: shared.name,
      advice: 'Give the output another name.',
    })
  }
  return { inputs, nodes: [...casts, ...nodes], outputs }
}
