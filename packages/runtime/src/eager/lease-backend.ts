import * as tf from '@tensorflow/tfjs-core'

/** How one TensorFlow.js backend is brought up. */
export interface BackendSetup {
  readonly name: string
  /** Registers and initialises it; it need not become the active one. @throws `engine.unusable` */
  start(): Promise<void>
  /** Our kernels for it, registered while it is leased. */
  kernels(backend: tf.KernelBackend): Promise<BackendKernels>
}

export interface BackendKernels {
  readonly threads: number
  readonly kernels: readonly tf.KernelConfig[]
  /** Called after the last lease, before the backend ends. */
  dispose(): void
}

export interface BackendLease {
  /** The backend's, which it got from the first lease. */
  readonly threads: number
  /** The backend ends with its last lease, unless the application had started it. */
  release(): void
}

interface Leased {
  leases: number
  /** Number of threads. */
  readonly ready: Promise<number>
  /** Puts back what was there before. */
  restore: () => void
  readonly ours: boolean
}

/** Backends belong to the whole process, so what is shared of them lies with tfjs' own process-wide engine, not in this module. */
const key = Symbol.for('ms.runtime.backends')

function leasedBackends(): Map<string, Leased> {
  const holder: object & { [key]?: Map<string, Leased> } = tf.engine()
  holder[key] ??= new Map()
  return holder[key]
}

/**
 * Takes part in a backend that all engines of the process share: the first lease starts it, the last one ends it.
 *
 * @throws `engine.unusable`
 */
export async function leaseBackend(setup: BackendSetup): Promise<BackendLease> {
  const all = leasedBackends()
  const leased = all.get(setup.name) ?? start(setup)
  all.set(setup.name, leased)
  leased.leases++
  let released = false
  const release = () => {
    if (released) return
    released = true
    leased.leases--
    if (leased.leases > 0) return
    all.delete(setup.name)
    leased.restore()
    if (leased.ours) end(setup.name)
  }
  try {
    return { threads: await leased.ready, release }
  } catch (error) {
    release()
    throw error
  }
}

function start(setup: BackendSetup): Leased {
  const ours = !isInitialised(setup.name)
  const bringUp = async () => {
    if (ours) await setup.start()
    const { threads, kernels, dispose } = await setup.kernels(tf.engine().findBackend(setup.name))
    const restoreKernels = installKernels(setup.name, kernels)
    leased.restore = () => {
      restoreKernels()
      dispose()
    }
    return threads
  }
  const leased: Leased = { leases: 0, ours, restore: () => {}, ready: Promise.resolve().then(bringUp) }
  return leased
}

function isInitialised(name: string): boolean {
  return tf.engine().registry[name] !== undefined
}

/** Disposes the backend, but leaves it registered as it was, so that it can be started again. */
function end(name: string): void {
  const factory = tf.findBackendFactory(name)
  if (!factory) return
  tf.removeBackend(name)
  tf.registerBackend(name, factory)
}

/** Registers kernels, in place of any of the same name. Returns what undoes it. */
function installKernels(backendName: string, kernels: readonly tf.KernelConfig[]): () => void {
  const former = kernels.map(({ kernelName }) => tf.getKernel(kernelName, backendName))
  for (const kernel of kernels) replaceKernel(kernel)
  return () => {
    kernels.forEach((kernel, at) => {
      const before = former[at]
      if (before) replaceKernel(before)
      else tf.unregisterKernel(kernel.kernelName, backendName)
    })
  }
}

function replaceKernel(kernel: tf.KernelConfig): void {
  if (tf.getKernel(kernel.kernelName, kernel.backendName)) tf.unregisterKernel(kernel.kernelName, kernel.backendName)
  tf.registerKernel(kernel)
}
