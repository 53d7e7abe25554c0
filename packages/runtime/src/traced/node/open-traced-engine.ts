import { availableParallelism } from 'node:os'
import { MsError } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import { hasVulkanDriver } from '../../webgpu/node/vulkan-driver.js'
import { withBlocks } from './block-size.js'
import type { OrtDevice } from './ort.js'
import { openOrtRuntime } from './ort-runtime.js'
import { TracedEngine } from './traced-engine.js'
import { openWorkerRuntime } from './worker-runtime.js'

export interface TracedEngineOptions {
  /** Threads of one computation. Default: as many as the machine runs at once. */
  readonly threads?: number
  /** Graphs that one function may have loaded, where one cannot serve all shapes. Default: 4. */
  readonly maxGraphs?: number
  /** Compute in a worker thread, so that the event loop goes on meanwhile; it takes a copy of what each run is given. Default: false. */
  readonly worker?: boolean
  /** Where it computes: the processor, or a GPU by WebGPU. Default: `cpu`. */
  readonly device?: OrtDevice
  /** Offer to keep the weights of a training where it computes (`Engine.resident`). Default: on a GPU, not on the processor. */
  readonly resident?: boolean
}

/**
 * The engine that records a tensor function once, with its gradients, and lets ONNX Runtime run the graph.
 * It needs the optional dependency onnxruntime-node.
 *
 * @throws `engine.unusable` where onnxruntime-node is not installed or cannot be loaded, or there is no device
 */
export async function openTracedEngine(options: TracedEngineOptions = {}): Promise<Engine> {
  const { threads = availableParallelism(), maxGraphs = 4, worker = false, device = 'cpu', resident = device !== 'cpu' } = options
  if (device === 'webgpu' && !hasVulkanDriver()) throw noDevice()
  const runtime = worker ? await openWorkerRuntime({ threads, device }) : await openOrtRuntime({ threads, device })
  if (device !== 'cpu') {
    // MaxPool's second output, the indices, has no kernel for WebGPU.
    return new TracedEngine({ ...runtime, poolGradient: 'comparison' }, { maxGraphs, name: `${device}-traced`, resident })
  }
  return new TracedEngine(withBlocks(runtime), { maxGraphs, resident })
}

function noDevice(): MsError {
  const reason = 'there is no Vulkan driver here'
  return new MsError('engine.unusable', reason, {
    where: 'webgpu-traced',
    advice: 'Use --backend auto',
    kind: 'failure',
    details: { reason },
  })
}
