import { availableParallelism } from 'node:os'
import type { Engine } from '@ms/core/tensor'
import { withBlocks } from './block-size.js'
import { openOrtRuntime } from './ort-runtime.js'
import { TracedEngine } from './traced-engine.js'
import { openWorkerRuntime } from './worker-runtime.js'

export interface TracedEngineOptions {
  /** Threads of one computation. Default: as many as the machine runs at once. */
  readonly threads?: number
  /** Graphs that one function may have loaded, where one cannot serve all shapes. Default: 4. */
  readonly maxGraphs?: number
  /** Compute in a worker thread, so that the event loop goes on meanwhile; it copies what each run is given. Default: false. */
  readonly worker?: boolean
}

/**
 * The engine that records a tensor function once, with its gradients, and lets ONNX Runtime run the graph.
 * It needs the optional dependency onnxruntime-node.
 *
 * @throws `engine.unusable` where onnxruntime-node is not installed or cannot be loaded
 */
export async function openTracedEngine(options: TracedEngineOptions = {}): Promise<Engine> {
  const { threads = availableParallelism(), maxGraphs = 4, worker = false } = options
  const runtime = worker ? await openWorkerRuntime({ threads }) : await openOrtRuntime({ threads })
  return new TracedEngine(withBlocks(runtime), { maxGraphs })
}
