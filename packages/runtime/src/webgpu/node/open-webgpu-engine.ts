import { MsError } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import { EagerEngine } from '../../eager/eager-engine.js'
import { composedBagKernels } from '../../eager/kernels/composed-bags.js'
import { leaseBackend } from '../../eager/lease-backend.js'
import { startBackend } from '../../eager/start-backend.js'
import { type GpuAdapter, startDawn } from './dawn.js'
import { hasVulkanDriver } from './vulkan-driver.js'

export interface WebGpuEngineOptions {
  /** Take a device that is computed by the processor too: right, and very slow. Default: false. */
  readonly byName?: boolean
}

/**
 * An engine that runs functions op by op on a GPU, by WebGPU: TensorFlow.js' backend on Dawn, the implementation of
 * Chromium. Both are optional packages.
 *
 * @throws `engine.unusable` where one of them, or a device, is not there
 */
export async function openWebGpuEngine({ byName = false }: WebGpuEngineOptions = {}): Promise<Engine> {
  if (!hasVulkanDriver()) throw unusable('there is no Vulkan driver here')
  const gpu = await startDawn()
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw unusable('there is no WebGPU device here')
  if (!byName && isSoftware(adapter)) throw unusable(`the only WebGPU device is computed by the processor`)
  const lease = await leaseBackend({
    name: 'webgpu',
    start: async () => {
      await startBackend('webgpu', async (initialise) => {
        await import('@tensorflow/tfjs-backend-webgpu')
        return initialise()
      })
    },
    kernels: async () => ({ threads: 1, kernels: composedBagKernels('webgpu'), dispose: () => {} }),
  })
  return new EagerEngine({ name: 'webgpu-eager', backendName: 'webgpu', threads: 1, sharesHostMemory: true, release: lease.release })
}

function isSoftware({ isFallbackAdapter, info }: GpuAdapter): boolean {
  const { vendor = '', architecture = '', description = '' } = info ?? {}
  return Boolean(isFallbackAdapter || info?.isFallbackAdapter) || /swiftshader|llvmpipe/i.test(`${vendor} ${architecture} ${description}`)
}

function unusable(reason: string): MsError {
  return new MsError('engine.unusable', reason, {
    where: 'webgpu-eager',
    advice: 'Use --backend auto',
    kind: 'failure',
    details: { reason },
  })
}
