import { evaluate, type Point } from '../dynamic/size.js'
import type { Rule } from './rewrite.js'

/** Rows with which it pays: with fewer the product is as fast as it is, with more the results take as long to transpose as is won. */
const [fewest, most] = [8, 64]

/**
 * `x · Wᵀ` of a few rows as `(W · xᵀ)ᵀ`, where W differs from run to run (a weight that is trained). The processor's product packs its right side
 * anew each time, which for few rows takes as long as the product itself; the left side is read as it lies.
 *
 * @param sizes of the symbols as they usually are
 */
export const turnProductsOfFewRows =
  (sizes: Point): Rule =>
  (node, [x, weight, bias], builder) => {
    if (node.op !== 'Gemm' || node.attributes['transA'] !== 0 || node.attributes['transB'] !== 1) return undefined
    // What is constant is packed once.
    if (weight.kind === 'weight' || weight.kind === 'constant') return undefined
    const [output] = node.outputs
    const [rows, columns] = output.shape.map((size) => evaluate(size, sizes))
    if (rows < fewest || rows > most || columns < 4 * rows) return undefined
    const { dtype } = output
    const turned = (value: typeof x) =>
      builder.value('Transpose', [value], { perm: [1, 0] }, { dtype, shape: [value.shape[1], value.shape[0]] })
    // A MatMul: a Gemm and a transposition behind it ONNX Runtime makes one Gemm of, which is the one that was there before.
    const product = builder.value('MatMul', [weight, turned(x)], {}, { dtype, shape: [output.shape[1], output.shape[0]] })
    return bias ? builder.value('Add', [turned(product), bias], {}, output) : turned(product)
  }
