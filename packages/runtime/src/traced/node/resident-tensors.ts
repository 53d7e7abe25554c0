import { MsError } from '@ms/core'
import type { HostTensor, Parameters } from '@ms/core/tensor'
import type { OnnxModel } from '../onnx/model.js'
import { graphName } from '../record.js'
import type { GraphResults, GraphRuntime, GraphSession, HeldTensor } from './graph-session.js'

/** A tensor of the next run: at first in host memory, later where it was computed. */
type Kept = HostTensor<Float32Array> | HeldTensor

/** Weights and state that stay where the graph runs. What a step makes of them becomes an input of the next one. */
export class ResidentTensors {
  readonly #runtime: GraphRuntime
  /** By their names as inputs of the graph. */
  #kept: ReadonlyMap<string, Kept>
  #reader?: Promise<GraphSession>
  #disposed = false

  constructor(runtime: GraphRuntime, { weights, state }: { weights: Parameters; state: Parameters }) {
    this.#runtime = runtime
    this.#kept = new Map<string, Kept>([
      ...[...weights].map(([name, value]) => [graphName.trainable(name), value] as const),
      ...[...state].map(([name, value]) => [graphName.state(name), value] as const),
    ])
  }

  /** @param run runs the graph with these inputs among others */
  async advance(run: (kept: ReadonlyMap<string, Kept>) => Promise<GraphResults>): Promise<ReadonlyMap<string, HostTensor>> {
    const before = this.#kept
    const { results, held } = await run(before)
    const next = new Map([...before.keys()].map((name) => [name, held.get(graphName.next(name))!]))
    if (this.#disposed) dispose(next)
    else this.#kept = next
    dispose(before)
    return results
  }

  /** Copies of the weights and the state in host memory. A session brings them: reading a device's buffer by itself is not there. */
  async read(): Promise<{ weights: Parameters; state: Parameters }> {
    const kept = this.#kept
    const started = [...kept.values()].some((value) => !('data' in value))
    const values = started ? await this.#fetch(kept) : (kept as ReadonlyMap<string, HostTensor>)
    const chosen = (prefix: string): Parameters =>
      new Map(
        [...kept.keys()].filter((name) => name.startsWith(prefix)).map((name) => [name.slice(prefix.length), floats(values.get(name))]),
      )
    return { weights: chosen(graphName.trainable('')), state: chosen(graphName.state('')) }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    dispose(this.#kept)
    this.#kept = new Map()
    const reader = await this.#reader?.catch(() => undefined)
    await reader?.release()
  }

  async #fetch(kept: ReadonlyMap<string, Kept>): Promise<ReadonlyMap<string, HostTensor>> {
    this.#reader ??= this.#runtime.load(identities(kept), new Map())
    const reader = await this.#reader
    const { results } = await reader.run(kept)
    return new Map([...results].map(([name, value]) => [name.slice(graphName.output('').length), value]))
  }
}

function dispose(tensors: ReadonlyMap<string, Kept>): void {
  for (const tensor of tensors.values()) if (!('data' in tensor)) tensor.dispose()
}

const floats = (tensor: HostTensor | undefined): HostTensor<Float32Array> => {
  if (tensor?.data instanceof Float32Array) return { shape: tensor.shape, data: tensor.data.slice() }
  throw new MsError('engine.failed', 'a weight that was kept did not come back', { kind: 'failure' })
}

function identities(tensors: ReadonlyMap<string, Kept>): OnnxModel {
  const types = Array.from(tensors, ([name, { shape }]) => ({ name, dtype: 'float32' as const, shape }))
  return {
    nodes: types.map(({ name }) => ({ op: 'Identity', inputs: [name], outputs: [graphName.output(name)], attributes: {} })),
    inputs: types,
    outputs: types.map((type) => ({ ...type, name: graphName.output(type.name) })),
    initializers: [],
  }
}
