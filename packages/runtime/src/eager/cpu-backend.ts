import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import type { RunningBackend } from './eager-engine.js'
import { cpuMemory } from './host-memory.js'
import { embeddingBagKernels } from './kernels/embedding-bag.js'
import { leaseBackend } from './lease-backend.js'
import { startBackend } from './start-backend.js'

/** TensorFlow.js' reference backend in plain JavaScript: for tests, and where nothing else runs. */
export async function openCpuBackend(): Promise<RunningBackend> {
  const lease = await leaseBackend({
    name: 'cpu',
    start: async () => {
      const backend = await startBackend('cpu', async (initialise) => {
        await import('@tensorflow/tfjs-backend-cpu')
        return initialise()
      })
      // Else the first tensor prints an advertisement for tfjs-node.
      Object.assign(backend, { firstUse: false })
    },
    kernels: async (backend) => ({
      threads: 1,
      kernels: embeddingBagKernels('cpu', cpuMemory(backend as MathBackendCPU)),
      dispose: () => {},
    }),
  })
  return { name: 'cpu', threads: 1, sharesHostMemory: true, release: lease.release }
}
