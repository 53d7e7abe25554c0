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
  Resident,
  ResidentOptions,
  TensorFunction,
  Tensors,
} from '@ms/core/tensor'
import type { Scalar } from '@tensorflow/tfjs-core'
import { registerGradients } from '../../eager/register-gradients.js'
import { graphName, type Signature } from '../record.js'
import type { GraphResults, GraphRuntime, HeldTensor } from './graph-session.js'
import { ResidentTensors } from './resident-tensors.js'
import { SessionCache } from './session-cache.js'
import { inputSpecs, only, shapesOf, signatures } from './signatures.js'

export interface TracedOptions {
  /** Graphs that one function may have loaded. */
  readonly maxGraphs: number
  /** Default: `traced`. */
  readonly name?: string
  /** Whether it offers to keep the weights of a training. Default: false. */
  readonly resident?: boolean
}

interface Live {
  readonly constants: Parameters
  readonly cache: { readonly size: number; dispose(): Promise<void> }
}

/** Runs functions as graphs that were recorded once. */
export class TracedEngine implements Engine {
  readonly name: string
  readonly threads: number
  readonly resident?: Engine['resident']
  readonly #runtime: GraphRuntime
  readonly #maxGraphs: number
  readonly #live = new Set<Live>()
  readonly #residents = new Set<ResidentTensors>()
  /** Graphs and tensors that are being given back. */
  readonly #leaving = new Set<Promise<void>>()
  #disposed = false

  constructor(runtime: GraphRuntime, { maxGraphs, name = 'traced', resident = false }: TracedOptions) {
    this.name = name
    this.#runtime = runtime
    this.threads = runtime.threads
    this.#maxGraphs = maxGraphs
    if (resident) this.resident = (fn, options) => this.#resident(fn, options)
  }

  async compile<O extends Tensors>(fn: TensorFunction<O>, { constants }: CompileOptions): Promise<Compiled<O>> {
    const held = this.#hold(fn, constants)
    const shapes = shapesOf(constants)
    return {
      run: async (inputs) => {
        held.check()
        const { results } = await held.run({ inputs: inputSpecs(inputs), constants: shapes }, named(inputs))
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
    const signatureOf = signatures({ constants, trainable })
    const foreseen = samples.map((sample) => signatureOf(sample.inputs, sample.trainable))
    const held = this.#hold(fn, constants, foreseen)
    return {
      run: async (inputs, values, into = new Map()) => {
        held.check()
        const signature = signatureOf(inputs, values)
        const feeds = new Map([...named(inputs), ...namedWeights(values, trainable)])
        const places = new Map([...into].map(([name, place]) => [graphName.gradient(name), place]))
        const { results } = await held.run(signature, feeds, places)
        return { outputs: outputsOf<O>(results), gradients: gradientsOf(results, trainable) }
      },
      dispose: held.dispose,
    }
  }

  async #resident<O extends Tensors & { readonly loss: Scalar }, U extends Tensors>(
    fn: TensorFunction<O>,
    { constants, trainable, samples = [], kept, state, scalars, update }: ResidentOptions<U>,
  ): Promise<Resident<O & U>> {
    await registerGradients()
    const recorded = { weights: [...kept.keys()], state: shapesOf(state), scalars, apply: update }
    const signatureOf = signatures({ constants, trainable, kept, update: recorded })
    const foreseen = samples.map((sample) => signatureOf(sample.inputs, sample.trainable))
    const held = this.#hold(fn, constants, foreseen)
    const tensors = new ResidentTensors(this.#runtime, { weights: kept, state })
    this.#residents.add(tensors)
    const given = trainable.filter((name) => !kept.has(name))
    return {
      step: async (inputs, values, numbers) => {
        held.check()
        const signature = signatureOf(inputs, values)
        const feeds = [...named(inputs), ...namedWeights(values, given), ...namedScalars(numbers, scalars)]
        const results = await tensors.advance((now) => held.run(signature, new Map<string, HostTensor | HeldTensor>([...feeds, ...now])))
        return { outputs: outputsOf<O & U>(results), gradients: gradientsOf(results, given) }
      },
      read: async () => {
        held.check()
        return tensors.read()
      },
      dispose: () => {
        held.dispose()
        this.#residents.delete(tensors)
        this.#leave(tensors.dispose())
      },
    }
  }

  memory(): { tensors: number; bytes: number } {
    let { tensors, bytes } = this.#runtime.held()
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
    await Promise.all([...this.#residents].map((tensors) => tensors.dispose()))
    this.#live.clear()
    await this.#runtime.dispose()
  }

  #check(): void {
    if (!this.#disposed) return
    throw new MsError('engine.disposed', `the ${this.name} engine was disposed of`, { advice: 'Open another engine', kind: 'failure' })
  }

  #leave(leaving: Promise<void>): void {
    const left = leaving.then(() => {
      this.#leaving.delete(left)
    })
    this.#leaving.add(left)
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
      run: (
        signature: Signature,
        feeds: ReadonlyMap<string, HostTensor | HeldTensor>,
        into?: ReadonlyMap<string, HostTensor>,
      ): Promise<GraphResults> =>
        cache.use(signature, (session, names) => session.run(new Map([...feeds].filter(([name]) => names.has(name))), into)),
      dispose: () => {
        if (disposed) return
        disposed = true
        this.#live.delete(live)
        this.#leave(cache.dispose())
      },
    }
  }
}

const named = (inputs: Inputs): ReadonlyMap<string, HostTensor> =>
  new Map(Object.entries(inputs).map(([name, value]) => [graphName.input(name), value]))

const namedWeights = (values: Parameters, names: readonly string[]): ReadonlyMap<string, HostTensor> =>
  new Map([...only(values, names)].map(([name, value]) => [graphName.trainable(name), value]))

const namedScalars = (values: Readonly<Record<string, number>>, names: readonly string[]): ReadonlyMap<string, HostTensor> =>
  new Map(names.map((name) => [graphName.scalar(name), { shape: [], data: Float32Array.of(values[name]) }]))

function gradientsOf(results: GraphResults['results'], names: readonly string[]): Map<string, HostTensor<Float32Array>> {
  return new Map(
    names.map((name) => {
      const gradient = results.get(graphName.gradient(name))
      if (!(gradient?.data instanceof Float32Array)) throw new MsError('engine.failed', 'a graph returned no gradient', { kind: 'failure' })
      return [name, { shape: gradient.shape, data: gradient.data }]
    }),
  )
}

function outputsOf<O extends Tensors>(results: GraphResults['results']): { [K in keyof O]: HostTensor } {
  const prefix = graphName.output('')
  const outputs: Record<string, HostTensor> = {}
  for (const [name, value] of results) if (name.startsWith(prefix)) outputs[name.slice(prefix.length)] = value
  return outputs as { [K in keyof O]: HostTensor }
}
