import { MsError } from '@ms/core'
import type { TensorFunction, Tensors, UpdateFunction } from '@ms/core/tensor'
import {
  getGradient,
  registerGradient,
  registerKernel,
  reshape,
  type Scalar,
  type Tensor,
  engine as tensorflow,
  unregisterGradient,
  unregisterKernel,
} from '@tensorflow/tfjs-core'
import type { Graph } from './graph.js'
import { kernels } from './kernels/index.js'
import { cast } from './kernels/nodes.js'
import { type Recorded, Recorder } from './recorder.js'
import { tileGradient } from './tile-gradient.js'
import { TraceBackend } from './trace-backend.js'

export interface TensorSpec {
  readonly dtype: 'float32' | 'int32' | 'bool'
  readonly shape: readonly number[]
}

/** What a recording depends on besides the function. */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorSpec>>
  /** Shapes of the weights that never change. */
  readonly constants: ReadonlyMap<string, readonly number[]>
  /** Shapes of the weights that are given at each run. Where it is given, the output `loss` is differentiated with respect to them. */
  readonly trainable?: ReadonlyMap<string, readonly number[]>
  /** What becomes of some of the trainable weights; of the others the gradients are outputs. */
  readonly update?: RecordedUpdate
}

export interface RecordedUpdate {
  /** Names of the trainable weights that it changes. */
  readonly weights: readonly string[]
  /** Shapes of what it remembers. */
  readonly state: ReadonlyMap<string, readonly number[]>
  readonly scalars: readonly string[]
  readonly apply: UpdateFunction<Tensors>
}

/** Names in a graph by what they are, so that an input, a weight and an output may be called the same. */
export const graphName = {
  input: (name: string) => `input:${name}`,
  trainable: (name: string) => `trainable:${name}`,
  output: (name: string) => `output:${name}`,
  gradient: (name: string) => `gradient:${name}`,
  state: (name: string) => `state:${name}`,
  scalar: (name: string) => `scalar:${name}`,
  /** What an input of this name is to be at the next run. */
  next: (name: string) => `next:${name}`,
}

const backendName = 'trace'

/**
 * Run a tensor function once on tensors without values, and write down what it does.
 * Nothing stays behind in TensorFlow.js: the backend, its kernels and its tensors are gone when this returns or throws.
 *
 * @throws `engine.op-unsupported`, `engine.gradient-unsupported`, `engine.value-read`, `engine.output-invalid`, `engine.loss-shape`,
 *   `weights.missing`
 */
export function record<O extends Tensors>(fn: TensorFunction<O>, signature: Signature): Graph<number> {
  const recorder = new Recorder()
  return withTraceBackend(new TraceBackend(recorder), (backend) => {
    const inputs = Object.fromEntries(
      Object.entries(signature.inputs).map(([name, { dtype, shape }]) => [
        name,
        backend.symbolic(recorder.input(graphName.input(name), dtype, shape)),
      ]),
    )
    const trainable = new Map(
      [...(signature.trainable ?? [])].map(([name, shape]) => [
        name,
        backend.symbolic(recorder.input(graphName.trainable(name), 'float32', shape)),
      ]),
    )
    const weights = { get: weightReader(backend, signature.constants, trainable) }
    if (!signature.trainable) return recorder.graph(outputsOf(backend, fn(weights, inputs)))
    return recorder.graph(differentiate(backend, () => fn(weights, inputs), trainable, signature.update))
  })
}

function weightReader(backend: TraceBackend, constants: Signature['constants'], trainable: ReadonlyMap<string, Tensor>) {
  const read = new Map(trainable)
  return (name: string): Tensor => {
    const known = read.get(name)
    if (known) return known
    const shape = constants.get(name)
    if (!shape) throw new MsError('weights.missing', `there is no weight '${name}'`, { where: name })
    const tensor = backend.symbolic({ kind: 'weight', name, dtype: 'float32', shape })
    read.set(name, tensor)
    return tensor
  }
}

const invalidOutput = (message: string, where?: string) =>
  new MsError('engine.output-invalid', message, {
    where,
    advice: 'A tensor function returns an object of tensors; it cannot be asynchronous.',
  })

function outputsOf(backend: TraceBackend, outputs: Tensors): { name: string; value: Recorded }[] {
  const entries = Object.entries(outputs ?? {})
  if (entries.length === 0) throw invalidOutput('a tensor function returned no tensors')
  return entries.map(([name, tensor]) => {
    if (typeof tensor?.dataId !== 'object') throw invalidOutput(`the output '${name}' of a tensor function is not a tensor`, name)
    const value = backend.recorded(tensor)
    return { name: graphName.output(name), value: value.dtype === 'bool' ? cast(backend.recorder, value, 'int32') : value }
  })
}

function differentiate(
  backend: TraceBackend,
  forward: () => Tensors,
  trainable: ReadonlyMap<string, Tensor>,
  update: RecordedUpdate | undefined,
) {
  let outputs: { name: string; value: Recorded }[] = []
  const { grads } = tensorflow().gradients(
    () => {
      const tensors = forward()
      outputs = outputsOf(backend, tensors)
      const { loss } = tensors
      if (loss?.size !== 1) {
        throw new MsError('engine.loss-shape', 'a function that is differentiated returns a scalar named loss', {
          where: `loss [${loss?.shape ?? 'absent'}]`,
          advice: 'Reduce it with tf.mean or tf.sum',
        })
      }
      return loss.rank === 0 ? loss : reshape(loss, [])
    },
    [...trainable.values()],
    undefined,
    true,
  )
  const gradients = new Map(
    [...trainable].map(([name, { shape }], i): [string, Tensor] => [
      name,
      // tfjs leaves out what the loss does not depend on
      grads[i] ?? backend.symbolic(backend.recorder.fill(0, 'float32', shape)),
    ]),
  )
  const updated = update ? updateOutputs(backend, update, trainable, gradients) : []
  const given = [...gradients].filter(([name]) => !update?.weights.includes(name))
  return [
    ...outputs,
    ...updated,
    ...given.map(([name, gradient]) => ({ name: graphName.gradient(name), value: backend.recorded(gradient) })),
  ]
}

function updateOutputs(
  backend: TraceBackend,
  { weights: names, state: shapes, scalars: numbers, apply }: RecordedUpdate,
  trainable: ReadonlyMap<string, Tensor>,
  gradients: ReadonlyMap<string, Tensor>,
): { name: string; value: Recorded }[] {
  const input = (name: string, shape: readonly number[]) => backend.symbolic(backend.recorder.input(name, 'float32', shape))
  const { weights, state, outputs } = apply({
    weights: Object.fromEntries(names.map((name) => [name, trainable.get(name)!])),
    state: Object.fromEntries([...shapes].map(([name, shape]) => [name, input(graphName.state(name), shape)])),
    gradients: Object.fromEntries(gradients),
    scalars: Object.fromEntries(numbers.map((name) => [name, input(graphName.scalar(name), []) as Scalar])),
  })
  const next = (tensors: Tensors, name: string, graphNameOf: (name: string) => string) => {
    if (typeof tensors[name]?.dataId !== 'object') throw invalidOutput(`an update returned no tensor for '${name}'`, name)
    return { name: graphName.next(graphNameOf(name)), value: backend.recorded(tensors[name]) }
  }
  return [
    ...names.map((name) => next(weights, name, graphName.trainable)),
    ...[...shapes.keys()].map((name) => next(state, name, graphName.state)),
    ...(Object.keys(outputs).length > 0 ? outputsOf(backend, outputs) : []),
  ]
}

/** Make the backend TensorFlow.js's current one for the duration of `use`, which is synchronous. */
function withTraceBackend<T>(backend: TraceBackend, use: (backend: TraceBackend) => T): T {
  const previous: string | null | undefined = tensorflow().backendName
  const previousTileGradient = getGradient(tileGradient.kernelName)
  tensorflow().registerBackend(backendName, () => backend, 0)
  registerKernels()
  registerGradient(tileGradient)
  // Not awaited: it does its work at once where a backend is made at once.
  void tensorflow().setBackend(backendName)
  tensorflow().startScope('record')
  try {
    return use(backend)
  } catch (error) {
    disposeTape()
    throw explained(error)
  } finally {
    tensorflow().endScope()
    if (previousTileGradient) registerGradient(previousTileGradient)
    else unregisterGradient(tileGradient.kernelName)
    for (const kernelName of Object.keys(kernels)) unregisterKernel(kernelName, backendName)
    tensorflow().removeBackend(backendName)
    if (previous) void tensorflow().setBackend(previous)
  }
}

function registerKernels(): void {
  for (const [kernelName, recordKernel] of Object.entries(kernels)) {
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const trace = backend as TraceBackend
        const values = Object.fromEntries(Object.entries(inputs).flatMap(([name, info]) => (info ? [[name, trace.recorded(info)]] : [])))
        const result = recordKernel(values, attrs ?? {}, trace.recorder)
        return isList(result) ? result.map((value) => trace.tensorInfo(value)) : trace.tensorInfo(result)
      },
    })
  }
}

const isList = (result: Recorded | readonly Recorded[]): result is readonly Recorded[] => Array.isArray(result)

/** What the tape of an interrupted gradient keeps alive. */
function disposeTape(): void {
  const { state } = tensorflow()
  for (const node of state.activeTape ?? []) for (const tensor of node.saved ?? []) tensor.dispose()
}

/** TensorFlow.js's bare errors about what is missing, as errors that name it. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || MsError.isInstance(error)) return error
  const kernel = /Kernel '(.+?)' not registered/.exec(error.message)?.[1]
  if (kernel) {
    return new MsError('engine.op-unsupported', `'${kernel}' cannot be recorded`, {
      where: kernel,
      advice: 'Use another engine, or write the function with other ops.',
      kind: 'failure',
      cause: error,
      details: { kernel },
    })
  }
  const gradient = /gradient function not found for ([^\s.]+)/.exec(error.message)?.[1]
  if (gradient) {
    return new MsError('engine.gradient-unsupported', `'${gradient}' has no gradient`, {
      where: gradient,
      advice: 'Keep it out of what the loss depends on, or write the function with other ops.',
      cause: error,
      details: { kernel: gradient },
    })
  }
  return error
}
