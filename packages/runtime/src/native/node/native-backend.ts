import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { MsError } from '@ms/core'
import * as tf from '@tensorflow/tfjs-core'
import type { RunningBackend } from '../../eager/eager-engine.js'
import { leaseBackend } from '../../eager/lease-backend.js'
import { startBackend } from '../../eager/start-backend.js'
import { nativeEnvironment } from './environment.js'
import { type Hush, hushed } from './hush.js'
import { loadTfjsNode, type NativeModules } from './load-tfjs-node.js'
import { addonFile, findNativeBuild, hushFile } from './native-build.js'
import { nativeKernels } from './native-kernels.js'
import { type NativeKind, nativeParts } from './parts.js'

export interface NativeBackendOptions {
  readonly kind: NativeKind
  /** Threads of one computation. TensorFlow takes them from the first that opens it in a process. */
  readonly threads: number
  /** Default: the cache folder of this project. */
  readonly cache?: string
}

/** What the process has loaded; a library that is loaded once cannot be taken out again. */
interface LoadedNative {
  readonly folder: string
  readonly threads: number
  readonly gpu: boolean
}

const key = Symbol.for('ms.runtime.native')

const backendName = 'tensorflow'

/** What the driver puts there; the last under Windows' Linux. */
const nvidiaDriver = ['/dev/nvidiactl', '/proc/driver/nvidia/version', '/dev/dxg']

/**
 * TensorFlow itself, from the build that `ms doctor --install` made.
 *
 * @throws `engine.unusable` where there is none, or no GPU for `native-gpu`, or the process has loaded another one
 */
export async function openNativeBackend({ kind, threads, cache }: NativeBackendOptions): Promise<RunningBackend> {
  const { folder } = await findNativeBuild(kind, cache)
  // Asked before anything is loaded: what is loaded once stays, and another TensorFlow could no longer be.
  if (kind === 'native-gpu' && !nvidiaDriver.some((path) => existsSync(path))) throw unusable(kind, 'there is no NVIDIA GPU here')
  const holder: object & { [key]?: LoadedNative } = tf.engine()
  const former = holder[key]
  if (former && former.folder !== folder) throw unusable(kind, `this process has loaded another TensorFlow, ${former.folder}`)
  const lease = await leaseBackend({
    name: backendName,
    start: async () => {
      await startBackend(backendName, async (initialise) => {
        if (!tf.findBackendFactory(backendName)) {
          Object.assign(process.env, nativeEnvironment(threads))
          const modules = load(kind, folder)
          holder[key] = { folder, threads: threadsSet(threads), gpu: modules.binding.isUsingGpuDevice() }
          // Never the backend that TensorFlow.js takes by itself.
          tf.registerBackend(backendName, () => modules.createBackend(), 0)
        }
        return initialise()
      })
    },
    kernels: async (backend) => ({ threads: holder[key]?.threads ?? 1, kernels: nativeKernels(backend, backendName), dispose: () => {} }),
  })
  if (kind === 'native-gpu' && !holder[key]?.gpu) {
    lease.release()
    throw unusable(kind, 'TensorFlow finds no NVIDIA GPU with a driver for CUDA 12')
  }
  return { name: kind, backendName, threads: lease.threads, sharesHostMemory: true, release: lease.release }
}

function load(kind: NativeKind, folder: string): NativeModules {
  const packageName = nativeParts[kind][`${process.platform}-${process.arch}`]?.addon.name ?? kind
  try {
    const require = createRequire(import.meta.url)
    const modules = () => loadTfjsNode(tf, require, { folder, addon: addonFile, packageName })
    // Who asks for its messages gets them all.
    return process.env['TF_CPP_MIN_LOG_LEVEL'] === '0' ? modules() : hushed(require(join(folder, hushFile)) as Hush, modules)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw unusable(kind, `its library does not load: ${reason}`, `Run ms doctor --install ${kind} --force`, cause)
  }
}

const threadsSet = (threads: number): number => Number(process.env['TF_NUM_INTRAOP_THREADS']) || threads

function unusable(kind: NativeKind, reason: string, advice = 'Use --backend auto.', cause?: unknown): MsError {
  return new MsError('engine.unusable', reason, { where: kind, advice, kind: 'failure', cause, details: { engine: kind, reason } })
}
