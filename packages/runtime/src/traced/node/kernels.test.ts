import type { Engine, HostTensor, TensorFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../../eager/create-eager-engine.js'
import {
  EmbeddingBag,
  EmbeddingBagGrad,
  EmbeddingBagWeightsGrad,
  embeddingBag,
  Gelu,
  GeluGrad,
  gelu,
  LayerNorm,
  LayerNormGrad,
  layerNorm,
  SoftmaxGrad,
  softmax,
} from '../../ops/index.js'
import { binary, given, type KernelCase, type Operand, operands, unary, withoutGradient } from '../fixtures/kernel-case.js'
import { spatialKernelCases } from '../fixtures/spatial-kernel-cases.js'
import { kernels } from '../kernels/index.js'
import { openTracedEngine } from './open-traced-engine.js'

const installed = await openTracedEngine({ threads: 1 }).then(
  () => true,
  () => false,
)

const { floats, ints, bools } = operands(3)

const cases: readonly KernelCase[] = [
  ...binary(['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'], floats([2, 3]), floats([2, 3], 0.5, 2)),
  ...binary(['Add', 'Sub', 'Multiply', 'RealDiv'], floats([2, 1, 4]), floats([3, 1], 0.5, 2), { title: 'broadcast' }),
  // TensorFlow.js's gradient does not sum over what was broadcast here.
  ...binary(['SquaredDifference'], floats([2, 1, 4]), floats([3, 1]), { title: 'broadcast', ...withoutGradient }),
  ...binary(['Add', 'Sub', 'Multiply', 'Maximum', 'Minimum', 'FloorDiv', 'Mod'], ints([3, 4], 9, -4), ints([3, 4], 4, 1), {
    title: 'int32',
    ...withoutGradient,
  }),
  ...binary(['FloorDiv', 'Mod'], ints([3, 4], 9, -4), ints([3, 4], 4, -5), { title: 'negative divisor', ...withoutGradient }),
  ...binary(['FloorDiv', 'Mod'], floats([3, 4], -6, 6), floats([3, 4], 1, 2), withoutGradient),
  ...binary(['Mod'], floats([3, 4], -6, 6), floats([3, 4], -2, -1), { title: 'negative divisor', ...withoutGradient }),
  ...binary(['Pow'], floats([2, 3], 0.5, 2), floats([2, 3])),
  ...binary(['Pow'], floats([2, 3]), given('int32', [], [2]), { title: 'square' }),
  ...binary(['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual'], ints([4, 4], 3), ints([4, 1], 3), withoutGradient),
  ...binary(['Greater', 'LessEqual', 'Equal'], floats([4, 4]), floats([4]), { title: 'float32', ...withoutGradient }),
  ...binary(['LogicalAnd', 'LogicalOr', 'LogicalXor'], bools([4, 4]), bools([4, 4]), withoutGradient).filter(
    ({ kernel }) => kernel !== 'LogicalXor',
  ),
  {
    kernel: 'LogicalXor',
    inputs: { a: bools([4, 4]), b: bools([4, 4]) },
    gradient: false,
    // TensorFlow.js composes it of the others; only a direct call runs the kernel, which the cpu backend has not.
    call: ({ a, b }) => (tf.getBackend() === 'trace' ? tf.engine().runKernel('LogicalXor', { a, b }) : tf.logicalXor(a, b)),
  },
  ...unary(['LogicalNot'], bools([5]), undefined, withoutGradient),
  { kernel: 'AddN', inputs: { 0: floats([2, 3]), 1: floats([2, 3]), 2: floats([2, 3]) }, call: (inputs) => tf.addN(Object.values(inputs)) },
  { kernel: 'Select', inputs: { condition: bools([3, 4]), t: floats([3, 4]), e: floats([3, 4]) } },
  { kernel: 'Select', title: 'bool', inputs: { condition: bools([3, 4]), t: bools([3, 4]), e: bools([3, 4]) }, ...withoutGradient },

  ...unary(
    ['Abs', 'Cos', 'Elu', 'Erf', 'Exp', 'Expm1', 'Neg', 'Relu', 'Relu6', 'Selu', 'Sigmoid', 'Sin', 'Softplus', 'Square', 'Tanh'],
    floats([3, 5]),
  ),
  ...unary(['Relu6'], floats([3, 5], 4, 8), undefined, { title: 'above 6' }),
  ...unary(['Log', 'Log1p', 'Reciprocal', 'Rsqrt', 'Sqrt'], floats([3, 5], 0.3, 4)),
  { kernel: 'Expm1', title: 'of next to nothing', inputs: { x: floats([3, 5], -1e-6, 1e-6) }, call: ({ x }) => tf.mul(tf.expm1(x), 1e6) },
  { kernel: 'Log1p', title: 'of next to nothing', inputs: { x: floats([3, 5], -1e-6, 1e-6) }, call: ({ x }) => tf.mul(tf.log1p(x), 1e6) },
  ...unary(['Expm1', 'Log1p'], given('float32', [6], [0, -0.99, 0.99, 1.5, 20, Number.POSITIVE_INFINITY]), undefined, {
    title: 'at the borders',
    ...withoutGradient,
  }),
  ...unary(['Round'], ints([3, 5], 4), undefined, { title: 'int32', ...withoutGradient }),
  ...unary(['Asinh', 'Atan', 'Cosh', 'Sinh'], floats([3, 5])),
  ...unary(['Acos', 'Asin', 'Atanh', 'Tan'], floats([3, 5], -0.9, 0.9)),
  ...unary(['Acosh'], floats([3, 5], 1.1, 3)),
  ...unary(['Ceil', 'Floor', 'Round', 'Sign'], given('float32', [7], [-1.5, -0.5, 0, 0.5, 1.5, 2.5, 1.2]), undefined, withoutGradient),
  ...unary(['IsFinite', 'IsInf', 'IsNan'], given('float32', [3], [1, Number.NaN, Number.POSITIVE_INFINITY]), undefined, withoutGradient),
  ...unary(['ClipByValue'], floats([3, 5]), { clipValueMin: -1, clipValueMax: 0.5 }),
  ...unary(['LeakyRelu'], floats([3, 5]), { alpha: 0.3 }),
  ...unary(['Step'], floats([3, 5]), { alpha: 0.3 }, withoutGradient),
  ...unary(['Step'], floats([3, 5]), { alpha: 0 }, { title: 'alpha 0', ...withoutGradient }),
  ...unary(['Identity'], floats([3, 5])),
  ...unary(['Cast'], ints([3, 5], 4), { dtype: 'float32' }, { title: 'int32 to float32', ...withoutGradient }),
  ...unary(['Cast'], floats([3, 5], -3, 3), { dtype: 'int32' }, { title: 'float32 to int32', ...withoutGradient }),
  ...unary(['Cast'], ints([3, 5], 2), { dtype: 'bool' }, { title: 'int32 to bool', ...withoutGradient }),
  { kernel: 'Prelu', inputs: { x: floats([3, 5]), alpha: floats([5]) } },
  { kernel: 'EluGrad', inputs: { dy: floats([3, 5]), y: floats([3, 5], -0.9, 2) }, gradient: false },

  ...unary(['Sum', 'Mean', 'Prod'], floats([2, 3, 4]), { axis: [0, 2], keepDims: false }, withoutGradient),
  ...unary(['Sum', 'Mean'], floats([2, 3, 4]), { axis: [1], keepDims: true }),
  ...unary(['Sum', 'Mean'], floats([2, 3, 4]), { axis: [0, 1, 2], keepDims: false }, { title: 'all' }),
  ...unary(['Max', 'Min'], floats([2, 3, 4]), { reductionIndices: [2], axis: [2], keepDims: false }),
  ...unary(['Sum', 'Mean'], ints([2, 3], 5), { axis: [1], keepDims: false }, { title: 'int32', ...withoutGradient }),
  ...unary(['All', 'Any'], bools([6, 2]), { axis: [1], keepDims: false }, withoutGradient),
  ...unary(['ArgMax', 'ArgMin'], floats([4, 5]), { axis: 1 }, withoutGradient),
  ...unary(['ArgMax'], given('float32', [4], [1, 3, 3, 2]), { axis: 0 }, { title: 'tie', ...withoutGradient }),
  { kernel: 'Softmax', inputs: { logits: floats([3, 5]) }, attrs: { dim: 1 } },
  { kernel: 'LogSoftmax', inputs: { logits: floats([3, 5]) }, attrs: { axis: 1 }, call: ({ logits }) => logSoftmaxKernel(logits) },
  ...unary(['Cumsum'], floats([3, 5]), { axis: 1, exclusive: true, reverse: false }),
  ...unary(['Cumsum'], floats([5]), { axis: 0, exclusive: false, reverse: true }, { title: 'reverse' }),
  ...unary(['Cumsum'], bools([5]), { axis: 0, exclusive: false, reverse: false }, { title: 'bool', ...withoutGradient }),
  ...unary(['TopK'], floats([3, 7]), { k: 3, sorted: true }, { gradient: false }),

  ...unary(['Reshape'], floats([2, 6]), { shape: [3, -1] }),
  { kernel: 'ExpandDims', inputs: { input: floats([2, 6]) }, attrs: { dim: -1 } },
  ...unary(['Transpose'], floats([2, 3, 4]), { perm: [2, 0, 1] }),
  ...unary(['Slice'], floats([4, 5]), { begin: [1, 0], size: [2, -1] }),
  ...unary(['StridedSlice'], floats([6, 5]), stridedAttrs([1, 4], [6, 0], [2, -2]), withoutGradient),
  ...unary(
    ['StridedSlice'],
    floats([6, 5]),
    { ...stridedAttrs([-1, 0], [0, 0], [-1, 1]), endMask: 3, shrinkAxisMask: 0 },
    {
      title: 'backwards to the start',
      ...withoutGradient,
    },
  ),
  ...unary(['Reverse'], floats([3, 4]), { dims: [1] }),
  ...unary(['Tile'], floats([2, 3]), { reps: [3, 2] }),
  ...unary(['Tile'], floats([1, 3]), { reps: [4, 1] }, { title: 'as a broadcast' }),
  {
    kernel: 'BroadcastTo',
    inputs: { x: floats([2, 1, 3]) },
    // On other backends TensorFlow.js tiles.
    call: ({ x }) =>
      tf.getBackend() === 'trace'
        ? tf.engine().runKernel('BroadcastTo', { x }, { shape: [2, 4, 3], inputShape: x.shape })
        : tf.broadcastTo(x, [2, 4, 3]),
  },
  { kernel: 'Concat', inputs: { 0: floats([2, 3]), 1: floats([2, 1]) }, call: (inputs) => tf.concat(Object.values(inputs), 1) },
  { kernel: 'Pack', inputs: { 0: floats([2, 3]), 1: floats([2, 3]) }, call: (inputs) => tf.stack(Object.values(inputs), 1) },
  { kernel: 'Unpack', inputs: { value: floats([2, 3]) }, call: ({ value }) => tf.mul(tf.unstack(value, 1)[2], tf.unstack(value, 1)[0]) },
  { kernel: 'SplitV', inputs: { x: floats([2, 6]) }, call: ({ x }) => tf.mul(tf.split(x, [2, 3, 1], 1)[1], 2) },
  ...unary(['PadV2'], floats([2, 3]), {
    paddings: [
      [1, 0],
      [0, 2],
    ],
    constantValue: 0.5,
  }),
  ...unary(['ZerosLike', 'OnesLike'], floats([2, 3]), undefined, withoutGradient),
  { kernel: 'Fill', inputs: { x: floats([2]) }, call: ({ x }) => tf.mul(x, tf.fill([2], 3)) },
  { kernel: 'Range', inputs: { x: floats([4]) }, call: ({ x }) => tf.mul(x, tf.range(2, 10, 2)) },
  { kernel: 'LinSpace', inputs: { x: floats([4]) }, call: ({ x }) => tf.mul(x, tf.linspace(0, 1, 4)) },

  { kernel: 'GatherV2', inputs: { x: floats([5, 3]), indices: ints([2, 4], 5) }, attrs: { axis: 0, batchDims: 0 } },
  { kernel: 'GatherV2', inputs: { x: floats([2, 5, 3]), indices: ints([4], 5) }, attrs: { axis: 1, batchDims: 0 }, title: 'inner axis' },
  {
    kernel: 'GatherV2',
    inputs: { x: floats([2, 5, 3]), indices: ints([2, 4], 5) },
    attrs: { axis: 1, batchDims: 1 },
    title: 'each batch its own',
    gradient: false,
  },
  { kernel: 'UnsortedSegmentSum', inputs: { x: floats([6, 2]), segmentIds: ints([6], 3) }, attrs: { numSegments: 4 } },
  { kernel: 'GatherNd', inputs: { params: floats([4, 5, 2]), indices: ints([3, 2], 4) }, gradient: false },
  { kernel: 'ScatterNd', inputs: { indices: ints([6, 1], 4), updates: floats([6, 2]) }, attrs: { shape: [4, 2] }, gradient: false },
  {
    kernel: 'OneHot',
    inputs: { indices: given('int32', [2, 3], [0, 3, -1, 2, 7, 1]) },
    attrs: { depth: 4, onValue: 2, offValue: -1, dtype: 'float32' },
    gradient: false,
  },

  { kernel: 'BatchMatMul', inputs: { a: floats([3, 4]), b: floats([4, 2]) }, attrs: { transposeA: false, transposeB: false } },
  {
    kernel: 'BatchMatMul',
    inputs: { a: floats([4, 3]), b: floats([2, 4]) },
    attrs: { transposeA: true, transposeB: true },
    title: 'transposed',
  },
  {
    kernel: 'BatchMatMul',
    inputs: { a: floats([2, 3, 4]), b: floats([2, 5, 4]) },
    attrs: { transposeA: false, transposeB: true },
    title: 'stacked',
  },
  {
    kernel: 'BatchMatMul',
    inputs: { a: floats([2, 4, 3]), b: floats([2, 4, 5]) },
    attrs: { transposeA: true, transposeB: false },
    title: 'stacked, left',
  },
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).map(
    (activation): KernelCase => ({
      kernel: '_FusedMatMul',
      title: activation,
      inputs: { a: floats([3, 4]), b: floats([4, 2]), bias: floats([2]) },
      call: ({ a, b, bias }) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation, leakyreluAlpha: 0.3 }),
    }),
  ),

  {
    kernel: 'Einsum',
    inputs: { 0: floats([2, 3, 4]), 1: floats([4, 5]) },
    gradient: false,
    call: (inputs) => tf.einsum('bij,jk -> bki', ...Object.values(inputs)),
  },

  ...spatialKernelCases,
  ...[LayerNorm, LayerNormGrad].map(
    (kernel): KernelCase => ({
      kernel,
      inputs: { x: floats([2, 3, 8]), gamma: floats([8]), beta: floats([8]) },
      call: ({ x, gamma, beta }) => layerNorm(x, gamma, beta, 1e-5),
    }),
  ),
  ...[Gelu, GeluGrad].flatMap((kernel) =>
    (['erf', 'tanh'] as const).map(
      (approximation): KernelCase => ({
        kernel,
        title: approximation,
        inputs: { x: floats([4, 5], -4, 4) },
        call: ({ x }) => gelu(x, approximation),
      }),
    ),
  ),
  ...[EmbeddingBag, EmbeddingBagGrad, EmbeddingBagWeightsGrad].flatMap((kernel) =>
    (['mean', 'sum'] as const).flatMap((mode): KernelCase[] => [
      { kernel, title: mode, inputs: { table: floats([7, 3]), ids: ints([9], 7), offsets: bags(0, 4, 4, 5, 9, 9) }, call: bagOf(mode) },
      {
        kernel,
        title: `${mode}, weighted`,
        inputs: { table: floats([7, 3]), ids: ints([6], 7), offsets: bags(0, 0, 6), weights: floats([6]) },
        call: bagOf(mode),
      },
      { kernel, title: `${mode}, one bag`, inputs: { table: floats([7, 3]), ids: ints([4], 7), offsets: bags(0, 4) }, call: bagOf(mode) },
      {
        kernel,
        title: `${mode}, only empty bags`,
        inputs: { table: floats([7, 3]), ids: ints([0], 7), offsets: bags(0, 0, 0) },
        call: bagOf(mode),
        gradient: false,
      },
    ]),
  ),
  { kernel: SoftmaxGrad, inputs: { x: floats([3, 5]) }, call: ({ x }) => softmax(x) },
]

function bags(...offsets: number[]): Operand {
  return given('int32', [offsets.length], offsets)
}

function bagOf(mode: 'mean' | 'sum'): KernelCase['call'] {
  return ({ table, ids, offsets, weights }) =>
    embeddingBag(table as tf.Tensor2D, ids as tf.Tensor1D, offsets as tf.Tensor1D, { mode, weights: weights as tf.Tensor1D | undefined })
}

function stridedAttrs(begin: number[], end: number[], strides: number[]): tf.NamedAttrMap {
  return { begin, end, strides, beginMask: 0, endMask: 2, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 }
}

/** tf.logSoftmax is composed; only a direct call runs the kernel, which the cpu backend has not. */
function logSoftmaxKernel(logits: tf.Tensor): tf.Tensor {
  return tf.getBackend() === 'trace' ? tf.engine().runKernel('LogSoftmax', { logits }, { axis: 1 }) : tf.logSoftmax(logits)
}

/** Outputs, and a scalar with different derivatives everywhere. */
function functionOf({ kernel, inputs, attrs, call }: KernelCase): TensorFunction<Record<string, tf.Tensor> & { loss: tf.Scalar }> {
  return (weights, given) => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { dtype }]) => {
        const tensor = given[name] ?? weights.get(name)
        return [name, dtype === 'bool' ? tf.cast(tensor, 'bool') : tensor]
      }),
    )
    const result: tf.Tensor | tf.Tensor[] = call ? call(tensors) : tf.engine().runKernel(kernel, tensors, attrs)
    const outputs = Array.isArray(result) ? result : [result]
    const first = tf.cast(outputs[0], 'float32')
    const factors = tf.reshape(tf.linspace(0.5, 1.5, first.size), first.shape)
    const named = Object.fromEntries(outputs.map((output, i) => [`output ${i}`, output]))
    return { ...named, loss: tf.sum(tf.mul(first, factors)) as tf.Scalar }
  }
}

const hostTensor = ({ dtype, shape, values }: Operand): HostTensor => ({
  shape,
  data: dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values),
})

function expectClose(got: HostTensor, expected: HostTensor, what: string): void {
  expect(got.shape, what).toEqual(expected.shape)
  const scale = Math.max(1, ...Array.from(expected.data, Math.abs).filter(Number.isFinite))
  for (const [i, value] of expected.data.entries()) {
    if (Number.isFinite(value)) expect(Math.abs(got.data[i] - value), `${what}[${i}]`).toBeLessThanOrEqual(1e-5 * scale)
    else expect(got.data[i], `${what}[${i}]`).toBe(value)
  }
}

describe.skipIf(!installed)('recorded kernels give what the cpu backend gives (needs onnxruntime-node)', () => {
  let traced: Engine
  let cpu: Engine
  beforeAll(async () => {
    traced = await openTracedEngine({ threads: 1 })
    cpu = await createEagerEngine({ backend: 'cpu' })
  })
  afterAll(async () => {
    await traced.dispose()
    await cpu.dispose()
  })

  it('has a case for every kernel', () => {
    expect([...new Set(cases.map(({ kernel }) => kernel))].sort()).toEqual(Object.keys(kernels).sort())
  })

  for (const [index, one] of cases.entries()) {
    const title = `${one.kernel}${one.title ? `, ${one.title}` : ''} (${index})`
    const fn = functionOf(one)
    const tensors = Object.entries(one.inputs).map(([name, operand]) => [name, hostTensor(operand)] as const)

    it(title, async () => {
      const [expected, got] = await Promise.all(
        [cpu, traced].map(async (engine) => {
          const compiled = await engine.compile(fn, { constants: new Map() })
          try {
            return await compiled.run(Object.fromEntries(tensors))
          } finally {
            compiled.dispose()
          }
        }),
      )
      expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort())
      for (const [name, value] of Object.entries(expected)) expectClose(got[name], value, name)
    })

    if (one.gradient === false) continue
    it(`${title}, gradient`, async () => {
      const trainable = Object.keys(one.inputs).filter((name) => one.inputs[name].dtype === 'float32')
      const weights = new Map(
        tensors.flatMap(([name, { shape, data }]) => (data instanceof Float32Array ? [[name, { shape, data }] as const] : [])),
      )
      const inputs = Object.fromEntries(tensors.filter(([name]) => !weights.has(name)))
      const [expected, got] = await Promise.all(
        [cpu, traced].map(async (engine) => {
          const step = await engine.differentiate(fn, { constants: new Map(), trainable })
          try {
            return await step.run(inputs, weights)
          } finally {
            step.dispose()
          }
        }),
      )
      for (const [name, value] of expected.gradients) expectClose(got.gradients.get(name)!, value, name)
      expect([...expected.gradients.values()].some(({ data }) => data.some((value) => value !== 0))).toBe(true)
    })
  }
})
