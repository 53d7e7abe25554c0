import type { Gradient } from './optimizer.js'

/** Euclidean norm of all gradients together; sparse ones count with the rows they have. NaN or infinite where one of them is. */
export function globalNorm(gradients: ReadonlyMap<string, Gradient>): number {
  let total = 0
  for (const { data } of gradients.values()) total += sumOfSquares(data)
  return Math.sqrt(total)
}

/**
 * The factor that brings gradients of this norm to at most `maxNorm`, as `torch.nn.utils.clip_grad_norm_` computes it.
 * @returns 1 where nothing has to be clipped
 */
export const clipScale = (norm: number, maxNorm: number): number => Math.min(1, maxNorm / (norm + 1e-6))

/** Four sums side by side: one alone waits for each addition before the next. */
function sumOfSquares(data: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const even = data.length - (data.length % 4)
  for (let i = 0; i < even; i += 4) {
    a += data[i] * data[i]
    b += data[i + 1] * data[i + 1]
    c += data[i + 2] * data[i + 2]
    d += data[i + 3] * data[i + 3]
  }
  for (let i = even; i < data.length; i++) a += data[i] * data[i]
  return a + b + c + d
}
