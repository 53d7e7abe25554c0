import { MsError } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'

/**
 * Lets an engine compute something whose result and gradient are known: loss = Σ (x·w)² for small whole numbers.
 *
 * @throws `engine.unusable` when a number is wrong
 */
export async function probeEngine(engine: Engine): Promise<void> {
  const x = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }
  const w = { shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, -1, 2) }
  const step = await engine.differentiate(
    (weights, inputs) => ({ loss: tf.sum(tf.square(tf.matMul(inputs['x'] as tf.Tensor2D, weights.get('w') as tf.Tensor2D))) as tf.Scalar }),
    { constants: new Map(), trainable: ['w'] },
  )
  try {
    // x·w = [[−2, 8], [−2, 17]]; the gradient is 2·xᵀ·(x·w).
    const { outputs, gradients } = await step.run({ x }, new Map([['w', w]]))
    const found = [...outputs.loss.data, ...(gradients.get('w')?.data ?? [])]
    const expected = [361, -20, 152, -28, 202, -36, 252]
    if (found.length !== expected.length || found.some((value, at) => !(Math.abs(value - expected[at]) < 1e-3))) {
      throw new MsError('engine.unusable', `the ${engine.name} engine computes wrong numbers`, {
        where: engine.name,
        kind: 'failure',
        advice: 'Choose another engine',
        details: { engine: engine.name, reason: 'wrong numbers', found, expected },
      })
    }
  } finally {
    step.dispose()
  }
}
