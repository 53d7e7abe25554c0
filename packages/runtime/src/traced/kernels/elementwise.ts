import type { CastAttrs, ClipByValueAttrs, LeakyReluAttrs, StepAttrs } from '@tensorflow/tfjs-core'
import type { Attributes, ElementType } from '../graph.js'
import type { Recorded, Recorder } from '../recorder.js'
import { elementType } from '../trace-backend.js'
import { type KernelTable, kernel, type RecordKernel } from './kernel.js'
import { arithmetic, cast, elementwise } from './nodes.js'

/** ONNX has no arithmetic on booleans; TensorFlow.js counts them as 0 and 1. */
const numeric = (recorder: Recorder, x: Recorded) => (x.dtype === 'bool' ? cast(recorder, x, 'int32') : x)

const unary = (op: string, attributes?: Attributes): RecordKernel =>
  kernel(({ inputs: { x }, recorder }) => elementwise(recorder, op, [numeric(recorder, x)], { attributes }))

/** Also for integers, whose result is a floating-point number. */
const floating = (op: string, attributes?: Attributes): RecordKernel =>
  kernel(({ inputs: { x }, recorder }) => elementwise(recorder, op, [cast(recorder, x, 'float32')], { attributes }))

const combine = (op: 'Add' | 'Sub' | 'Mul' | 'Div'): RecordKernel =>
  kernel(({ inputs: { a, b }, recorder }) => arithmetic(recorder, op, numeric(recorder, a), numeric(recorder, b)))

const binary = (op: string, dtype?: ElementType): RecordKernel =>
  kernel(({ inputs: { a, b }, recorder }) => elementwise(recorder, op, [numeric(recorder, a), numeric(recorder, b)], { dtype }))

const logical = (op: string): RecordKernel =>
  kernel(({ inputs: { a, b }, recorder }) => elementwise(recorder, op, [cast(recorder, a, 'bool'), cast(recorder, b, 'bool')]))

const constant = (recorder: Recorder, value: number, like: Recorded) => recorder.fill(value, like.dtype)

const choose = (recorder: Recorder, condition: Recorded, yes: Recorded, no: Recorded) =>
  elementwise(recorder, 'Where', [condition, yes, no], { dtype: yes.dtype })

/**
 * log(1 + x) also where x is lost in 1 + x: with u = 1 + x as rounded, log u · x / (u − 1), and x where u is 1 (Higham, Accuracy and Stability of
 * Numerical Algorithms, §1.14.1).
 */
function logOnePlus(recorder: Recorder, x: Recorded): Recorded {
  const one = recorder.fill(1)
  const sum = arithmetic(recorder, 'Add', x, one)
  const log = elementwise(recorder, 'Log', [sum])
  const exact = arithmetic(recorder, 'Mul', log, arithmetic(recorder, 'Div', x, arithmetic(recorder, 'Sub', sum, one)))
  const none = elementwise(recorder, 'Equal', [sum, one], { dtype: 'bool' })
  // Infinity divided by itself is none.
  const large = elementwise(recorder, 'Greater', [x, one], { dtype: 'bool' })
  return choose(recorder, none, x, choose(recorder, large, log, exact))
}

/** eˣ − 1 also where eˣ is close to 1, in the same way: with u = eˣ as rounded, (u − 1) · x / log u. */
function expMinusOne(recorder: Recorder, x: Recorded): Recorded {
  const one = recorder.fill(1)
  const power = elementwise(recorder, 'Exp', [x])
  const difference = arithmetic(recorder, 'Sub', power, one)
  const exact = arithmetic(recorder, 'Mul', difference, arithmetic(recorder, 'Div', x, elementwise(recorder, 'Log', [power])))
  const none = elementwise(recorder, 'Equal', [power, one], { dtype: 'bool' })
  const small = elementwise(recorder, 'Less', [elementwise(recorder, 'Abs', [x]), one], { dtype: 'bool' })
  return choose(recorder, none, x, choose(recorder, small, exact, difference))
}

/** ⌊a / b⌋, exact for integers. */
function floorDivide(recorder: Recorder, a: Recorded, b: Recorded): Recorded {
  if (a.dtype === 'float32') return elementwise(recorder, 'Floor', [elementwise(recorder, 'Div', [a, b])])
  // Integer Mod has the sign of the divisor, so a − (a mod b) divides without remainder.
  const remainder = elementwise(recorder, 'Mod', [a, b])
  return elementwise(recorder, 'Div', [elementwise(recorder, 'Sub', [a, remainder]), b])
}

/** The remainder with the sign of the divisor. */
function floorModulo(recorder: Recorder, a: Recorded, b: Recorded): Recorded {
  if (a.dtype !== 'float32') return elementwise(recorder, 'Mod', [a, b])
  const remainder = elementwise(recorder, 'Mod', [a, b], { attributes: { fmod: 1 } })
  const shifted = elementwise(recorder, 'Mod', [elementwise(recorder, 'Add', [remainder, b]), b], { attributes: { fmod: 1 } })
  const zero = recorder.fill(0)
  const differ = elementwise(recorder, 'Less', [elementwise(recorder, 'Mul', [remainder, b]), zero], { dtype: 'bool' })
  return choose(recorder, differ, shifted, remainder)
}

export const elementwiseKernels: KernelTable = {
  Add: combine('Add'),
  Sub: combine('Sub'),
  Multiply: combine('Mul'),
  RealDiv: combine('Div'),
  AddN: kernel(({ inputs, recorder }) => Object.values(inputs).reduce((sum, term) => arithmetic(recorder, 'Add', sum, term))),
  FloorDiv: kernel(({ inputs: { a, b }, recorder }) => cast(recorder, floorDivide(recorder, a, b), 'int32')),
  Mod: kernel(({ inputs: { a, b }, recorder }) => floorModulo(recorder, a, b)),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  SquaredDifference: kernel(({ inputs: { a, b }, recorder }) => {
    const difference = arithmetic(recorder, 'Sub', a, b)
    return elementwise(recorder, 'Mul', [difference, difference])
  }),

  Equal: binary('Equal', 'bool'),
  NotEqual: kernel(({ inputs: { a, b }, recorder }) => {
    const equal = elementwise(recorder, 'Equal', [numeric(recorder, a), numeric(recorder, b)], { dtype: 'bool' })
    return elementwise(recorder, 'Not', [equal])
  }),
  Greater: binary('Greater', 'bool'),
  GreaterEqual: binary('GreaterOrEqual', 'bool'),
  Less: binary('Less', 'bool'),
  LessEqual: binary('LessOrEqual', 'bool'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  LogicalNot: kernel(({ inputs: { x }, recorder }) => elementwise(recorder, 'Not', [cast(recorder, x, 'bool')])),
  Select: kernel(({ inputs: { condition, t, e }, recorder }) =>
    cast(recorder, choose(recorder, cast(recorder, condition, 'bool'), numeric(recorder, t), numeric(recorder, e)), t.dtype),
  ),

  Abs: unary('Abs'),
  Acos: floating('Acos'),
  Acosh: floating('Acosh'),
  Asin: floating('Asin'),
  Asinh: floating('Asinh'),
  Atan: floating('Atan'),
  Atanh: floating('Atanh'),
  Ceil: unary('Ceil'),
  Cos: floating('Cos'),
  Cosh: floating('Cosh'),
  Elu: floating('Elu'),
  Erf: floating('Erf'),
  Exp: floating('Exp'),
  Floor: unary('Floor'),
  IsFinite: kernel(({ inputs: { x }, recorder }) => {
    const value = cast(recorder, x, 'float32')
    const broken = [elementwise(recorder, 'IsInf', [value], { dtype: 'bool' }), elementwise(recorder, 'IsNaN', [value], { dtype: 'bool' })]
    return elementwise(recorder, 'Not', [elementwise(recorder, 'Or', broken)])
  }),
  IsInf: kernel(({ inputs: { x }, recorder }) => elementwise(recorder, 'IsInf', [cast(recorder, x, 'float32')], { dtype: 'bool' })),
  IsNan: kernel(({ inputs: { x }, recorder }) => elementwise(recorder, 'IsNaN', [cast(recorder, x, 'float32')], { dtype: 'bool' })),
  Log: floating('Log'),
  Neg: unary('Neg'),
  Reciprocal: floating('Reciprocal'),
  Relu: unary('Relu'),
  Round: kernel(({ inputs: { x }, recorder }) => (x.dtype === 'float32' ? elementwise(recorder, 'Round', [x]) : numeric(recorder, x))),
  Selu: floating('Selu', { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } }),
  Sigmoid: floating('Sigmoid'),
  Sign: unary('Sign'),
  Sin: floating('Sin'),
  Sinh: floating('Sinh'),
  Softplus: floating('Softplus'),
  Sqrt: floating('Sqrt'),
  Tan: floating('Tan'),
  Tanh: floating('Tanh'),

  Expm1: kernel(({ inputs: { x }, recorder }) => expMinusOne(recorder, cast(recorder, x, 'float32'))),
  Log1p: kernel(({ inputs: { x }, recorder }) => logOnePlus(recorder, cast(recorder, x, 'float32'))),
  Rsqrt: kernel(({ inputs: { x }, recorder }) => elementwise(recorder, 'Reciprocal', [elementwise(recorder, 'Sqrt', [x])])),
  Square: kernel(({ inputs: { x }, recorder }) => elementwise(recorder, 'Mul', [x, x])),
  Relu6: kernel(({ inputs: { x }, recorder }) => elementwise(recorder, 'Clip', [x, constant(recorder, 0, x), constant(recorder, 6, x)])),
  ClipByValue: kernel<ClipByValueAttrs>(({ inputs: { x }, attrs, recorder }) =>
    elementwise(recorder, 'Clip', [x, constant(recorder, attrs.clipValueMin, x), constant(recorder, attrs.clipValueMax, x)]),
  ),
  LeakyRelu: kernel<LeakyReluAttrs>(({ inputs: { x }, attrs, recorder }) =>
    elementwise(recorder, 'LeakyRelu', [x], { attributes: { alpha: { float: attrs.alpha } } }),
  ),
  Prelu: kernel(({ inputs: { x, alpha }, recorder }) => elementwise(recorder, 'PRelu', [x, alpha])),
  EluGrad: kernel(({ inputs: { dy, y }, recorder }) => {
    // y = eˣ − 1 where x < 0, so its slope there is y + 1.
    const slope = elementwise(recorder, 'Min', [elementwise(recorder, 'Add', [y, recorder.fill(1)]), recorder.fill(1)])
    return elementwise(recorder, 'Mul', [dy, slope])
  }),
  Step: kernel<StepAttrs>(({ inputs: { x }, attrs, recorder }) => {
    const positive = elementwise(recorder, 'Greater', [x, constant(recorder, 0, x)], { dtype: 'bool' })
    if (!attrs?.alpha) return cast(recorder, positive, 'float32')
    return choose(recorder, positive, recorder.fill(1), recorder.fill(attrs.alpha))
  }),

  Cast: kernel<CastAttrs>(({ inputs: { x }, attrs, recorder }) => cast(recorder, x, elementType(attrs.dtype))),
  Identity: kernel(({ inputs: { x } }) => x),
}
