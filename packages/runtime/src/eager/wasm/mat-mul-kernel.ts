import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { wrapKernel } from '../kernels/host-kernel.js'
import type { MatrixProduct } from './matrix-product.js'

/**
 * TensorFlow.js' own kernel is quick only for one pair of matrices that are not transposed; training needs the
 * transposed ones, attention needs many small ones.
 */
export function matMulKernel(backend: BackendWasm, product: MatrixProduct): tf.KernelConfig {
  return wrapKernel<tf.BatchMatMulInputs, tf.BatchMatMulAttrs>(
    tf.BatchMatMul,
    backend,
    'wasm',
    ({ a, b }, { transposeA, transposeB }, original) => {
      if (a.dtype !== 'float32' || b.dtype !== 'float32') return original()
      const [rows, depth] = matrixOf(a, transposeA)
      const [depthB, columns] = matrixOf(b, transposeB)
      tf.util.assert(depth === depthB, () => `matMul of [${a.shape}] and [${b.shape}]: inner sizes ${depth} and ${depthB} differ`)
      const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
      const out = backend.makeOutput([...batch, rows, columns], 'float32')
      const [addressA, addressB, addressC] = [a, b, out].map(({ dataId }) => backend.getMemoryOffset(dataId))
      if (depth === 0) {
        ;(backend.typedArrayFromHeap(out) as Float32Array).fill(0)
        return out
      }
      const broadcast = runs(a.shape.slice(0, -2), b.shape.slice(0, -2), batch)
      const [sizeA, sizeB, sizeC] = [rows * depth, depth * columns, rows * columns]
      for (const { firstA, firstB, stepA, stepB, first, count } of broadcast) {
        product(
          { address: addressA + 4 * firstA * sizeA, transposed: transposeA, step: stepA * sizeA },
          { address: addressB + 4 * firstB * sizeB, transposed: transposeB, step: stepB * sizeB },
          addressC + 4 * first * sizeC,
          { rows, columns, depth, count },
        )
      }
      return out
    },
  )
}

function matrixOf({ shape }: tf.TensorInfo, transposed: boolean): [number, number] {
  const [first, second] = shape.slice(-2)
  return transposed ? [second, first] : [first, second]
}

/** A row of products: matrix `first + i` is A's `firstA + i·stepA` times B's `firstB + i·stepB`. */
interface Run {
  first: number
  firstA: number
  firstB: number
  stepA: number
  stepB: number
  count: number
}

/** All products of a broadcast batch; one run where nothing is broadcast. */
function runs(dimsA: readonly number[], dimsB: readonly number[], batch: readonly number[]): Run[] {
  const count = batch.reduce((product, dim) => product * dim, 1)
  const sizeA = dimsA.reduce((product, dim) => product * dim, 1)
  const sizeB = dimsB.reduce((product, dim) => product * dim, 1)
  if ((sizeA === count || sizeA === 1) && (sizeB === count || sizeB === 1)) {
    return [{ first: 0, firstA: 0, firstB: 0, stepA: sizeA === 1 ? 0 : 1, stepB: sizeB === 1 ? 0 : 1, count }]
  }
  const [atA, atB] = [matrixIndices(dimsA, batch), matrixIndices(dimsB, batch)]
  return Array.from(atA, (firstA, first) => ({ first, firstA, firstB: atB[first], stepA: 0, stepB: 0, count: 1 }))
}

/** For each matrix of the broadcast batch, which matrix of an operand of these batch dimensions it uses. */
function matrixIndices(dims: readonly number[], batch: readonly number[]): Int32Array {
  let indices = Int32Array.of(0)
  const missing = batch.length - dims.length
  for (let axis = 0; axis < batch.length; axis++) {
    const own = axis < missing ? 1 : dims[axis - missing]
    const next = new Int32Array(indices.length * batch[axis])
    indices.forEach((index, at) => {
      for (let i = 0; i < batch[axis]; i++) next[at * batch[axis] + i] = index * own + (own === 1 ? 0 : i)
    })
    indices = next
  }
  return indices
}
