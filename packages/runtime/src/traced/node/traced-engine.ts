import { MsError } from '@ms/core'
import type {
  Compiled,
  CompileOptions,
  Differentiated,
  DifferentiateOptions,
  Engine,
  HostTensor,
  Inputs,
  Parameters,
  TensorFunction,
  Tensors,
} from '@ms/core/tensor'
import type { Scalar } from '@tensorflow/tfjs-core'
import { registerGradients } from '../../eager/register-gradients.js'
import { hostType } from '../../host-type.js'
import { graphName, type Signature } from '../record.js'
import type { GraphRuntime } from './graph-session.js'
import { SessionCache } from './session-cache.js'

interface Live {
  readonly constants: Parameters
  readonly cache: { readonly size: number; dispose(): Promise<void> }
}

/** Runs functions as graphs that were recorded once. */
export class TracedEngine implements Engine {
  readonly name: string
  readonly threads: number
  readonly #runtime: GraphRuntime
  readonly #maxGraphs: number
  readonly #live = new Set<Live>()
  /** Graphs that are being given back. */
  readonly #leaving = new Set<Promise<void>>()
  #disposed = false

  constructor(runtime: GraphRuntime, { maxGraphs, name = 'traced' }: { maxGraphs: number; name?: string }) {
    this.name = name
    this.#runtime = runtime
    this.threads = runtime.threads
    this.#maxGraphs = maxGraphs
  }

  async compile<O extends Tensors>(fn: TensorFunction<O>, { constants }: CompileOptions): Promise<Compiled<O>> {
    const held = this.#hold(fn, constants)
    const shapes = shapesOf(constants)
    return {
      run: async (inputs) => {
        held.check()
        const results = await held.run({ inputs: inputSpecs(inputs), constants: shapes }, new Map(named(inputs, graphName.input)))
        return outputsOf<O>(results)
      },
      dispose: held.dispose,
    }
  }

  async differentiate<O extends Tensors & { readonly loss: Scalar }>(
    fn: TensorFunction<O>,
    { constants, trainable, samples = [] }: DifferentiateOptions,
  ): Promise<Differentiated<O>> {
    await registerGradients()
    const shapes = shapesOf(constants)
    const chosen = (values: Parameters) => Object.fromEntries(trainable.map((name) => [name, present(values, name)]))
    const signatureOf = (inputs: Inputs, weights: Inputs): Signature => ({
      inputs: inputSpecs(inputs),
      constants: shapes,
      trainable: new Map(Object.entries(inputSpecs(weights)).map(([name, { shape }]) => [name, shape])),
    })
    const foreseen = samples.map((sample) => signatureOf(sample.inputs, chosen(sample.trainable)))
    const held = this.#hold(fn, constants, foreseen)
    return {
      run: async (inputs, values) => {
        held.check()
        const weights = chosen(values)
        const signature = signatureOf(inputs, weights)
        const feeds = new Map([...named(inputs, graphName.input), ...named(weights, graphName.trainable)])
        const results = await held.run(signature, feeds)
        const gradients = trainable.map((name) => [name, floats(results.get(graphName.gradient(name)))] as const)
        return { outputs: outputsOf<O>(results), gradients: new Map(gradients) }
      },
      dispose: held.dispose,
    }
  }

  memory(): { tensors: number; bytes: number } {
    let [tensors, bytes] = [0, 0]
    for (const { constants, cache } of this.#live) {
      for (const { data } of constants.values()) {
        tensors += cache.size
        bytes += cache.size * data.byteLength
      }
    }
    return { tensors, bytes }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await Promise.all([...[...this.#live].map(({ cache }) => cache.dispose()), ...this.#leaving])
    this.#live.clear()
    await this.#runtime.dispose()
  }

  #check(): void {
    if (!this.#disposed) return
    throw new MsError('engine.disposed', `the ${this.name} engine was disposed of`, { advice: 'Open another engine', kind: 'failure' })
  }

  #hold<O extends Tensors>(fn: TensorFunction<O>, constants: Parameters, foreseen: readonly Signature[] = []) {
    this.#check()
    const cache = new SessionCache({ fn, constants, runtime: this.#runtime, maxGraphs: this.#maxGraphs, foreseen })
    const live: Live = { constants, cache }
    this.#live.add(live)
    let disposed = false
    return {
      check: () => {
        this.#check()
        if (disposed) throw new MsError('engine.disposed', 'this compiled function was disposed of', { kind: 'failure' })
      },
      run: (signature: Signature, feeds: ReadonlyMap<string, HostTensor>) =>
        cache.use(signature, (session, names) => session.run(new Map([...feeds].filter(([name]) => names.has(name))))),
      dispose: () => {
        if (disposed) return
        disposed = true
        this.#live.delete(live)
        const left = cache.dispose().then(() => {
          this.#leaving.delete(left)
        })
        this.#leaving.add(left)
      },
    }
  }
}

const shapesOf = (parameters: Parameters) => new Map([...parameters].map(([name, { shape }]) => [name, shape]))

function present<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name)
  if (value === undefined) throw new MsError('weights.missing', `there is no weight ${name}`, { where: name, details: { name } })
  return value
}

/** @throws `tensor.shape` */
function inputSpecs(inputs: Inputs): Signature['inputs'] {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => {
      const size = shape.reduce((product, dim) => product * dim, 1)
      if (size !== data.length) {
        throw new MsError('tensor.shape', `shape [${shape}] holds ${size} values, the array has ${data.length}`, {
          where: name,
          advice: 'Hand over an array that fills the shape',
          details: { name, shape: [...shape], length: data.length },
        })
      }
      return [name, { dtype: hostType(data), shape }]
    }),
  )
}

const named = (inputs: Inputs, graphNameOf: (name: string) => string): [string, HostTensor][] =>
  Object.entries(inputs).map(([name, value]) => [graphNameOf(name), value])

const floats = (tensor: HostTensor | undefined): HostTensor<Float32Array> => {
  if (tensor && tensor.data instanceof Float32Array) return { shape: tensor.shape, data: tensor.data }
  throw new MsError('engine.failed', 'a graph returned no gradient', { kind: 'failure' })
}

function outputsOf<O extends Tensors>(results: ReadonlyMap<string, HostTensor>): { [K in keyof O]: HostTensor } {
  const prefix = graphName.output('')
  const outputs: Record<string, HostTensor> = {}
  for (const [name, value] of results) if (name.startsWith(prefix)) outputs[name.slice(prefix.length)] = value
  return outputs as { [K in keyof O]: HostTensor }
}
