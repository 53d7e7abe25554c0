import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import type { RunningBackend } from '../eager-engine.js'
import { wasmMemory } from '../host-memory.js'
import { convolutionGradientKernels } from '../kernels/convolution-gradients.js'
import { maxPoolGradientKernel } from '../kernels/max-pool-gradient.js'
import { segmentSumKernel } from '../kernels/segment-sum.js'
import { leaseBackend } from '../lease-backend.js'
import { startBackend } from '../start-backend.js'
import { matMulKernel } from './mat-mul-kernel.js'
import { matrixProduct } from './matrix-product.js'
import { loadSimdModule } from './simd/simd-module.js'
import { simdKernels } from './simd-kernels.js'
import { callerOnly, type StartThread, startThreadPool } from './thread-pool.js'

/** What threads need of the place where the engine runs. */
export interface WasmHost {
  /** Runs the start of TensorFlow.js' wasm module; `shared`: with memory that threads share. */
  startModule<T>(shared: boolean, start: () => Promise<T>): Promise<T>
  readonly startThread: StartThread
}

export interface WasmBackendOptions {
  /** Wanted number of threads. Default: 1. More need a host that has them. */
  readonly threads?: number
  readonly host?: WasmHost
  /** Where TensorFlow.js' .wasm files lie, as `setWasmPaths` takes it: a folder's URL with a slash at its end, or one for each file. */
  readonly wasmPaths?: string | Record<string, string>
}

/** @throws `engine.unusable` */
export async function openWasmBackend({ threads = 1, host, wasmPaths }: WasmBackendOptions): Promise<RunningBackend> {
  const wanted = host ? threads : 1
  const lease = await leaseBackend({
    name: 'wasm',
    start: async () => {
      await startBackend('wasm', async (initialise) => {
        const wasm = await import('@tensorflow/tfjs-backend-wasm')
        if (wasmPaths) wasm.setWasmPaths(wasmPaths)
        tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', wanted > 1)
        // Its own threads stay unused: they would spin between our products and take the processors from our threads.
        wasm.setThreadsCount(1)
        return host ? host.startModule(wanted > 1, initialise) : initialise()
      })
    },
    kernels: async (kernelBackend) => {
      const backend = kernelBackend as BackendWasm
      const simd = loadSimdModule(backend)
      const shared = simd.memory.buffer instanceof SharedArrayBuffer
      const pool = host && shared && wanted > 1 ? await startThreadPool(simd, wanted, host.startThread) : callerOnly(simd)
      return {
        threads: pool.size,
        kernels: [
          matMulKernel(backend, matrixProduct(simd, pool)),
          ...simdKernels(backend, simd),
          segmentSumKernel('wasm', wasmMemory(backend)),
          maxPoolGradientKernel('wasm', wasmMemory(backend)),
          ...convolutionGradientKernels('wasm'),
        ],
        dispose: () => {
          pool.dispose()
          simd.release()
        },
      }
    },
  })
  return { name: 'wasm', threads: lease.threads, sharesHostMemory: false, release: lease.release }
}
