import type { HostTensor } from '@ms/core/tensor'
import type { Graph } from '../graph.js'
import { lower } from '../onnx/lower.js'
import { intoBlocks } from '../passes/blocked-operators.js'
import { optimise } from '../passes/optimise.js'
import { Recorder } from '../recorder.js'
import type { GraphRuntime } from './graph-session.js'

/** The runtime, which finds out the size of its blocks where its blocked convolutions are there and right. */
export function withBlocks(runtime: GraphRuntime): GraphRuntime {
  let block: Promise<number | undefined> | undefined
  return {
    ...runtime,
    block: () => {
      block ??= blockOf(runtime).catch(() => undefined)
      return block
    },
  }
}

async function blockOf(runtime: GraphRuntime): Promise<number | undefined> {
  const channels = 64
  const recorder = new Recorder()
  const shape = [1, channels, 1, 2]
  const y = recorder.node(intoBlocks, [recorder.input('x', 'float32', shape)], { dtype: 'float32', shape })
  const x = { shape, data: Float32Array.from({ length: 2 * channels }, (_, i) => i) }
  // The second place of the first channel comes after one block.
  const block = (await run(runtime, recorder.graph([{ name: 'y', value: y }]), { x })).data.indexOf(1)
  if (block < 4) return undefined
  const [plain, blocked] = [await tryConvolution(runtime, block), await tryConvolution(runtime, block, block)]
  return Array.from(plain).every((value, i) => Math.abs(value - blocked[i]) < 1e-4) ? block : undefined
}

/** Two convolutions with a sum and relus, which is all that the pass makes use of. */
async function tryConvolution(runtime: GraphRuntime, channels: number, block?: number): Promise<HostTensor['data']> {
  const recorder = new Recorder()
  const wave = (...shape: number[]): HostTensor => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1 + i)),
  })
  const given = {
    x: wave(1, 3, 5, 5),
    first: wave(2 * channels, 3, 3, 3),
    second: wave(2 * channels, 2 * channels, 1, 1),
    bias: wave(1, 2 * channels, 1, 1),
  }
  const [x, first, second, bias] = Object.entries(given).map(([name, { shape }]) => recorder.input(name, 'float32', shape))
  const like = { dtype: 'float32', shape: [1, 2 * channels, 3, 3] } as const
  const a = recorder.node('Relu', [recorder.node('Conv', [x, first], like, { kernel_shape: [3, 3] })], like)
  const b = recorder.node('Add', [recorder.node('Conv', [a, second], like, { kernel_shape: [1, 1] }), bias], like)
  const y = recorder.node('Relu', [recorder.node('Add', [b, a], like)], like)
  return (await run(runtime, optimise(recorder.graph([{ name: 'y', value: y }]), { block }), given)).data
}

async function run(runtime: GraphRuntime, graph: Graph, given: Readonly<Record<string, HostTensor>>): Promise<HostTensor> {
  const session = await runtime.load(lower(graph, { symbols: [], weight: () => new Float32Array() }), new Map())
  try {
    const { results } = await session.run(new Map(Object.entries(given)))
    return results.get('y') ?? { shape: [0], data: new Float32Array() }
  } finally {
    await session.release()
  }
}
