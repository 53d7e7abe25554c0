import type { Engine, HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { type BertShape, bertShapedStep } from '../diagnosis/bert-shaped-step.js'
import { releaseMemory } from '../release-memory.js'

export interface EngineSpeed {
  /** Thousand million floating point operations a second in float32 matrix products. */
  readonly gflops: number
  /** Rows and columns of the matrices: 1024, or fewer where that takes too long. */
  readonly matrixSize: number
  /** Seconds of one training step of a small transformer: 2 layers, 128 wide, 4 texts of 16 tokens. */
  readonly stepSeconds: number
}

/** Matrices a slow engine is tried with before larger ones. */
const sizes = [128, 512, 1024]

/** Times an engine. @param limit seconds, as near as single calls allow: a call that has begun is not broken off */
export async function measureEngine(engine: Engine, limit: number, signal?: AbortSignal): Promise<EngineSpeed> {
  const stepSeconds = await measureStep(engine, limit / 3)
  let found = { gflops: 0, matrixSize: 0 }
  let left = (limit * 2) / 3
  for (const matrixSize of sizes) {
    signal?.throwIfAborted()
    // A product of the next size, run twice: once to get warm.
    const expected = found.gflops > 0 ? (2 * 2 * matrixSize ** 3) / (found.gflops * 1e9) : 0
    if (expected > left) break
    const before = performance.now()
    found = { gflops: await measureProduct(engine, matrixSize, left / 2), matrixSize }
    left -= (performance.now() - before) / 1000
  }
  return { ...found, stepSeconds }
}

/** What every engine can do in a moment. */
const smallShape: BertShape = { layers: 2, width: 128, heads: 4, inner: 512, vocabulary: 500, batch: 4, tokens: 16 }

/** Seconds of one training step of a transformer. */
export async function measureStep(engine: Engine, seconds: number, shape: BertShape = smallShape): Promise<number> {
  const { fn, parameters, inputs } = bertShapedStep(shape)
  const step = await engine.differentiate(fn, { constants: new Map(), trainable: [...parameters.keys()] })
  const best = await quickest(async () => {
    const { gradients } = await step.run(inputs, parameters)
    releaseMemory(gradients.values())
  }, seconds)
  step.dispose()
  return best
}

async function measureProduct(engine: Engine, size: number, seconds: number): Promise<number> {
  // One number for each row goes there and back, so that it is the product that is timed.
  const matrix = (): HostTensor<Float32Array> => ({
    shape: [size, size],
    data: Float32Array.from({ length: size * size }, (_, at) => (at % 7 < 3 ? 1 : -1) / Math.sqrt(size)),
  })
  const compiled = await engine.compile(
    (weights, { scale }) => ({ y: tf.sum(tf.matMul(tf.mul(weights.get('a'), scale) as tf.Tensor2D, weights.get('b') as tf.Tensor2D), 1) }),
    {
      constants: new Map([
        ['a', matrix()],
        ['b', matrix()],
      ]),
    },
  )
  const scale = { shape: [size, 1], data: new Float32Array(size).fill(1) }
  const best = await quickest(() => compiled.run({ scale }), seconds)
  compiled.dispose()
  return (2 * size ** 3) / best / 1e9
}

/** Seconds of the quickest of the calls that fit into the time, after one that counts only where there is none but it. */
async function quickest(call: () => Promise<unknown>, seconds: number): Promise<number> {
  const began = performance.now()
  const timed = async () => {
    const before = performance.now()
    await call()
    return (performance.now() - before) / 1000
  }
  let best = await timed()
  const warm = best
  for (let calls = 0; calls < 100 && (performance.now() - began) / 1000 + warm < seconds; calls++) {
    const took = await timed()
    best = calls === 0 ? took : Math.min(best, took)
  }
  return best
}
