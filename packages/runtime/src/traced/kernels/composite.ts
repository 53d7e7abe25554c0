import { Gelu, type GeluAttrs, GeluGrad, LayerNorm, type LayerNormAttrs, LayerNormGrad, SoftmaxGrad } from '../../ops/kernel-names.js'
import type { Recorded, Recorder } from '../recorder.js'
import { type KernelTable, kernel } from './kernel.js'
import { arithmetic, elementwise, reduce } from './nodes.js'

/** Short names for writing a formula. */
function algebra(recorder: Recorder) {
  const number = (x: Recorded | number) => (typeof x === 'number' ? recorder.fill(x) : x)
  return {
    add: (a: Recorded | number, b: Recorded | number) => arithmetic(recorder, 'Add', number(a), number(b)),
    sub: (a: Recorded | number, b: Recorded | number) => arithmetic(recorder, 'Sub', number(a), number(b)),
    mul: (a: Recorded | number, b: Recorded | number) => arithmetic(recorder, 'Mul', number(a), number(b)),
    unary: (op: 'Exp' | 'Erf' | 'Tanh', x: Recorded) => elementwise(recorder, op, [x]),
    alongLast: (op: 'ReduceSum' | 'ReduceMean', x: Recorded) => reduce(recorder, op, x, [x.shape.length - 1], true),
    overRows: (x: Recorded) =>
      reduce(
        recorder,
        'ReduceSum',
        x,
        x.shape.slice(0, -1).map((_, axis) => axis),
        false,
      ),
  }
}

const sqrt2OverPi = Math.sqrt(2 / Math.PI)
const cubic = 0.044715

export const compositeKernels: KernelTable = {
  [LayerNorm]: kernel<LayerNormAttrs>(({ inputs: { x, gamma, beta }, attrs, recorder }) => {
    const row = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }
    return recorder.nodes('LayerNormalization', [x, gamma, beta], [x, row, row], { axis: -1, epsilon: { float: attrs.epsilon } })
  }),
  [LayerNormGrad]: kernel(({ inputs: { dy, x, gamma, mean, invStdDev }, recorder }) => {
    const { sub, mul, alongLast, overRows } = algebra(recorder)
    const normal = mul(sub(x, mean), invStdDev)
    const dNormal = mul(dy, gamma)
    const along = alongLast('ReduceMean', mul(dNormal, normal))
    const dx = mul(invStdDev, sub(sub(dNormal, alongLast('ReduceMean', dNormal)), mul(normal, along)))
    return [dx, overRows(mul(dy, normal)), overRows(dy)]
  }),
  [Gelu]: kernel<GeluAttrs>(({ inputs: { x }, attrs, recorder }) =>
    recorder.node('Gelu', [x], x, { approximate: attrs.approximation === 'tanh' ? 'tanh' : 'none' }),
  ),
  [GeluGrad]: kernel<GeluAttrs>(({ inputs: { dy, x }, attrs, recorder }) => {
    const { add, sub, mul, unary } = algebra(recorder)
    if (attrs.approximation === 'tanh') {
      const square = mul(x, x)
      const t = unary('Tanh', mul(mul(x, sqrt2OverPi), add(mul(square, cubic), 1)))
      const slope = mul(mul(x, sub(1, mul(t, t))), add(mul(square, 3 * cubic * sqrt2OverPi), sqrt2OverPi))
      return mul(mul(dy, 0.5), add(add(t, 1), slope))
    }
    // With u = x / √2: ½ · (1 + erf u + u · 2 · exp(−u²) / √π). The factor of the exponential is folded into its argument.
    const u = mul(x, Math.SQRT1_2)
    const bell = unary('Exp', sub(Math.log(2 / Math.sqrt(Math.PI)), mul(u, u)))
    return mul(mul(dy, 0.5), add(mul(u, bell), add(unary('Erf', u), 1)))
  }),
  [SoftmaxGrad]: kernel(({ inputs: { dy, y }, recorder }) => {
    const { sub, mul, alongLast } = algebra(recorder)
    const weighted = mul(dy, y)
    return sub(weighted, mul(y, alongLast('ReduceSum', weighted)))
  }),
}
