import { MsError } from '@ms/core'
import type { Parameters, TensorFunction, Tensors } from '@ms/core/tensor'
import { getBackend, ready } from '@tensorflow/tfjs-core'
import { type General, generalise } from '../dynamic/generalise.js'
import { lower } from '../onnx/lower.js'
import type { OnnxModel } from '../onnx/model.js'
import { type OptimiseOptions, optimise } from '../passes/optimise.js'
import { graphName, type Signature } from '../record.js'
import type { GraphRuntime, GraphSession } from './graph-session.js'

interface Loaded<O extends Tensors> {
  readonly general: General<O>
  readonly ready: Promise<Ready>
  users: number
  evicted: boolean
}

interface Ready {
  readonly session: GraphSession
  /** Names of the model's inputs. */
  readonly inputs: ReadonlySet<string>
}

export interface SessionCacheOptions<O extends Tensors> {
  readonly fn: TensorFunction<O>
  readonly constants: Parameters
  readonly runtime: GraphRuntime
  /** How many graphs one function may have loaded. */
  readonly maxGraphs: number
  /** Shapes that are to come: they help to tell symbols apart. */
  readonly foreseen?: readonly Signature[]
}

/** Smaller weights lie in the model itself, where the optimiser of ONNX Runtime can see them. */
const inlineBytes = 1024

/** Shapes that help to tell symbols apart; more would not. */
const rememberedSignatures = 8

/** After so many recordings that serve one shape only, a function is no longer tried at other shapes. */
const patience = 3

/** The graphs of one function: usually one that serves all shapes, else a few, of which the least recently used goes. */
export class SessionCache<O extends Tensors> {
  readonly #options: SessionCacheOptions<O>
  /** Most recently used first. */
  #loaded: Loaded<O>[] = []
  #seen: readonly Signature[]
  #fixed = 0
  #disposed = false

  constructor(options: SessionCacheOptions<O>) {
    this.#options = options
    this.#seen = options.foreseen ?? []
  }

  /** Graphs that are loaded now. */
  get size(): number {
    return this.#loaded.length
  }

  /** Run `use` with a session for these shapes, recording the function if no session serves them. */
  async use<R>(signature: Signature, use: (session: GraphSession, inputs: ReadonlySet<string>) => Promise<R>): Promise<R> {
    // A backend that is still being brought up would be confused by a recording.
    if (getBackend()) await ready()
    if (this.#disposed) throw new MsError('engine.disposed', 'this compiled function was disposed of', { kind: 'failure' })
    const loaded = this.#find(signature) ?? this.#load(signature)
    loaded.users++
    try {
      const { session, inputs } = await loaded.ready
      return await use(session, inputs)
    } finally {
      loaded.users--
      if (loaded.evicted && loaded.users === 0) await release(loaded)
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    const loaded = this.#loaded
    this.#loaded = []
    await Promise.all(loaded.map((one) => this.#evict(one)))
  }

  #find(signature: Signature): Loaded<O> | undefined {
    const found = this.#loaded.find(({ general }) => general.serves(signature))
    if (found) this.#loaded = [found, ...this.#loaded.filter((one) => one !== found)]
    return found
  }

  #load(signature: Signature): Loaded<O> {
    const { fn, constants, runtime, maxGraphs } = this.#options
    this.#seen = [...this.#seen, signature].slice(-rememberedSignatures)
    const general = generalise(fn, this.#seen, { fixed: this.#fixed >= patience })
    if (general.symbols.length === 0) this.#fixed++
    const loaded: Loaded<O> = { general, ready: start(general, constants, runtime), users: 0, evicted: false }
    // Graphs that the new one can stand in for, and the least recently used ones, go.
    const superseded = this.#loaded.filter((one) => general.serves(one.general.signature))
    const kept = this.#loaded.filter((one) => !superseded.includes(one))
    this.#loaded = [loaded, ...kept.slice(0, maxGraphs - 1)]
    for (const one of [...superseded, ...kept.slice(maxGraphs - 1)]) void this.#evict(one)
    loaded.ready.catch(() => {
      this.#loaded = this.#loaded.filter((one) => one !== loaded)
    })
    return loaded
  }

  async #evict(loaded: Loaded<O>): Promise<void> {
    loaded.evicted = true
    if (loaded.users === 0) await release(loaded)
  }
}

async function release({ ready }: Loaded<Tensors>): Promise<void> {
  const loaded = await ready.catch(() => undefined)
  await loaded?.session.release()
}

async function start<O extends Tensors>(general: General<O>, constants: Parameters, runtime: GraphRuntime): Promise<Ready> {
  // A runtime without blocks is a device's. Where all weights are constants ONNX Runtime blocks convolutions by itself.
  const convolves = general.signature.trainable && general.graph.nodes.some(({ op }) => op === 'Conv')
  const block = convolves ? await runtime.block?.() : undefined
  const sizes = runtime.block ? general.point : undefined
  const { model, weights } = lowered(general, constants, { block, poolGradient: runtime.poolGradient, sizes })
  // What is an input of the next run need not come here in between.
  const hold = model.outputs.map(({ name }) => name).filter((name) => name.startsWith(graphName.next('')))
  return { session: await runtime.load(model, weights, hold), inputs: new Set(model.inputs.map(({ name }) => name)) }
}

/** The model of a recording, and its large weights, which stay outside of it. */
function lowered<O extends Tensors>(
  { graph, symbols }: General<O>,
  constants: Parameters,
  options: OptimiseOptions,
): { model: OnnxModel; weights: ReadonlyMap<string, Float32Array> } {
  const weights = new Map<string, Float32Array>()
  const model = lower(optimise(graph, options), {
    symbols,
    weight: (name) => {
      const data = constants.get(name)?.data ?? new Float32Array()
      if (data.byteLength <= inlineBytes) return data
      weights.set(name, data)
      return { location: name, length: data.byteLength }
    },
  })
  return { model, weights }
}
