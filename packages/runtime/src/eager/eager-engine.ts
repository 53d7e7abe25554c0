import { MsError } from '@ms/core'
import type {
  Compiled,
  CompileOptions,
  Differentiated,
  DifferentiateOptions,
  Engine,
  HostTensor,
  TensorFunction,
  Tensors,
  Weights,
} from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { backendFailure } from './backend-failure.js'
import { registerGradients } from './register-gradients.js'
import { download, downloadFloats, upload, uploadConstants, uploadInputs } from './transfer.js'
import { withBackend } from './with-backend.js'

export interface RunningBackend {
  /** The engine's. */
  readonly name: string
  /** TensorFlow.js' name of it. Default: `name`. */
  readonly backendName?: string
  readonly threads: number
  /** Whether it computes in, and hands out, the caller's own arrays (cpu). */
  readonly sharesHostMemory: boolean
  release(): void
}

/** Runs each function anew at each call, op by op, on a TensorFlow.js backend. */
export class EagerEngine implements Engine {
  readonly name: string
  readonly threads: number
  readonly #backend: RunningBackend
  readonly #live = new Set<{ dispose(): void }>()
  #tensors = 0
  #bytes = 0
  #disposed = false

  constructor(backend: RunningBackend) {
    this.name = backend.name
    this.threads = backend.threads
    this.#backend = backend
  }

  async compile<O extends Tensors>(fn: TensorFunction<O>, { constants }: CompileOptions): Promise<Compiled<O>> {
    const copy = this.#backend.sharesHostMemory
    const held = this.#hold(constants)
    const run: Compiled<O>['run'] = async (inputs) => {
      held.check()
      const outputs = this.#work(() => tf.tidy(() => own(fn(weightsOf(held.tensors), uploadInputs(inputs)))))
      try {
        return await downloadAll(outputs, copy)
      } catch (cause) {
        throw backendFailure(this.name, cause)
      } finally {
        this.#free(outputs)
      }
    }
    return { run, dispose: held.dispose }
  }

  async differentiate<O extends Tensors & { readonly loss: tf.Scalar }>(
    fn: TensorFunction<O>,
    { constants, trainable }: DifferentiateOptions,
  ): Promise<Differentiated<O>> {
    await registerGradients()
    const copy = this.#backend.sharesHostMemory
    const held = this.#hold(constants)
    const run: Differentiated<O>['run'] = async (inputs, values) => {
      held.check()
      const { outputs, gradients } = this.#work(() =>
        tf.tidy(() => {
          const weights = new Map(trainable.map((name) => [name, upload(name, present(values, name))]))
          const tensors = uploadInputs(inputs)
          return differentiateOnce(() => fn(weightsOf(weights, held.tensors), tensors), weights)
        }),
      )
      try {
        const host = new Map<string, HostTensor<Float32Array>>()
        for (const [at, name] of trainable.entries()) host.set(name, await downloadFloats(gradients[at], copy))
        return { outputs: await downloadAll(outputs, copy), gradients: host }
      } catch (cause) {
        throw backendFailure(this.name, cause)
      } finally {
        this.#free([outputs, gradients])
      }
    }
    return { run, dispose: held.dispose }
  }

  memory(): { tensors: number; bytes: number } {
    return { tensors: this.#tensors, bytes: this.#bytes }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    for (const held of this.#live) held.dispose()
    this.#disposed = true
    this.#backend.release()
  }

  /** Synchronous work on our backend; what it leaves behind is counted as ours. */
  #work<R>(work: () => R): R {
    if (this.#disposed) {
      throw new MsError('engine.disposed', `the ${this.name} engine was disposed of`, { advice: 'Open another engine', kind: 'failure' })
    }
    return withBackend(this.#backend.backendName ?? this.name, () => {
      const before = tf.memory()
      try {
        return work()
      } catch (cause) {
        throw backendFailure(this.name, cause)
      } finally {
        const after = tf.memory()
        this.#tensors += after.numTensors - before.numTensors
        this.#bytes += after.numBytes - before.numBytes
      }
    })
  }

  /** After `dispose` there is nothing left to free: the backend has gone with all its tensors, or counts no longer. */
  #free(tensors: tf.TensorContainer): void {
    if (!this.#disposed) this.#work(() => tf.dispose(tensors))
  }

  /** Constants of one compiled function. */
  #hold(constants: CompileOptions['constants']) {
    const tensors = this.#work(() => uploadConstants(constants, this.#backend.sharesHostMemory))
    let disposed = false
    const held = {
      tensors,
      check: () => {
        if (disposed) throw new MsError('engine.disposed', 'this compiled function was disposed of', { kind: 'failure' })
      },
      dispose: () => {
        if (disposed) return
        disposed = true
        this.#live.delete(held)
        this.#free([...tensors.values()])
      },
    }
    this.#live.add(held)
    return held
  }
}

function present<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name)
  if (value === undefined) {
    throw new MsError('weights.missing', `there is no weight ${name}`, { where: name, details: { name } })
  }
  return value
}

function weightsOf(...sources: ReadonlyMap<string, tf.Tensor>[]): Weights {
  return {
    get: (name) => {
      for (const source of sources) {
        const tensor = source.get(name)
        if (tensor) return tensor
      }
      return present(new Map<string, tf.Tensor>(), name)
    },
  }
}

/** Outputs that nobody else holds: a function may return an input or a weight itself. */
function own<O extends Tensors>(outputs: O): { [K in keyof O]: tf.Tensor } {
  const copies: Partial<{ [K in keyof O]: tf.Tensor }> = {}
  for (const name in outputs) copies[name] = tf.clone(outputs[name])
  return copies as { [K in keyof O]: tf.Tensor }
}

function differentiateOnce<O extends Tensors & { readonly loss: tf.Scalar }>(fn: () => O, weights: ReadonlyMap<string, tf.Tensor>) {
  const variables = [...weights.values()]
  let outputs: { [K in keyof O]: tf.Tensor } | undefined
  const forward = () => {
    const result = fn()
    if (result.loss === undefined || result.loss.size !== 1) {
      throw new MsError('engine.loss-shape', 'a function that is differentiated returns a scalar named loss', {
        where: `loss [${result.loss?.shape ?? 'absent'}]`,
        advice: 'Reduce it with tf.mean or tf.sum',
      })
    }
    outputs = own(result)
    for (const name in outputs) tf.keep(outputs[name])
    return tf.reshape(result.loss, [])
  }
  try {
    if (variables.length === 0) {
      forward()
      return { outputs: outputs!, gradients: [] }
    }
    // What tf.valueAndGrads wraps; but that refuses a weight which the loss does not depend on.
    const { grads } = tf.engine().gradients(forward, variables, undefined, true)
    return { outputs: outputs!, gradients: variables.map((weight, at) => grads[at] ?? tf.zerosLike(weight)) }
  } catch (error) {
    tf.dispose(outputs)
    throw error
  }
}

async function downloadAll<O extends Tensors>(
  outputs: { [K in keyof O]: tf.Tensor },
  copy: boolean,
): Promise<{ [K in keyof O]: HostTensor }> {
  const host: Partial<{ [K in keyof O]: HostTensor }> = {}
  for (const name in outputs) host[name] = await download(outputs[name], copy)
  return host as { [K in keyof O]: HostTensor }
}
