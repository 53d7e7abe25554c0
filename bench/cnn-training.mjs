// One round of training a convolutional network: `node bench/cnn-training.mjs resnet-50|small frozen|batch STEPS [BACKEND]`, run by bench/run.mjs.
// Random weights, cross entropy over 10 classes, SGD with momentum; batch norm frozen, or with the statistics of the batch.
import { seededRandom } from '@ms/core'
import {
  add,
  batchNormTraining,
  compileFused,
  conv2d,
  conv2dBatchNorm,
  elementwise,
  fusedMemory,
  globalAveragePool,
  maxPool2d,
  mul,
  softmaxCrossEntropy,
  sub,
} from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import * as tf from '@tensorflow/tfjs-core'
import { clock, report } from './round.mjs'

const momentum = elementwise(['p', 'g', 'b'], ['rate'], ({ p, g, b }, { rate }) => {
  const next = add(mul(b, 0.9), g)
  return { b: next, p: sub(p, mul(rate, next)) }
})
/** torchvision's ResNet-50, and a residual network of nine 3 × 3 convolutions, .88 million weights. A stage: width, blocks, stride of the first. */
const networks = {
  'resnet-50': {
    batch: 8,
    size: 224,
    stem: { width: 64, kernel: 7, pooled: true },
    kernels: [1, 3, 1],
    expansion: 4,
    stages: [
      [64, 3, 1],
      [128, 4, 2],
      [256, 6, 2],
      [512, 3, 2],
    ],
  },
  small: {
    batch: 32,
    size: 64,
    stem: { width: 32, kernel: 3, pooled: false },
    kernels: [3, 3],
    expansion: 1,
    stages: [
      [32, 1, 1],
      [64, 1, 2],
      [128, 1, 2],
      [192, 1, 2],
    ],
  },
}
const [name, statistics, count, backend = 'traced'] = process.argv.slice(2)
const { batch, size, stem: first, kernels, expansion, stages } = networks[name]
const classes = 10
const threads = Number(process.env.MS_THREADS ?? 1)
const random = seededRandom(1)
const { parameters, constants, forward } = network(random)
const memory = fusedMemory([...parameters.values()].flatMap(({ data }) => [data.length, data.length]))
const weights = new Map()
const buffers = new Map()
for (const [i, [name, { shape, data }]] of [...parameters].entries()) {
  memory.arrays[2 * i].set(data)
  weights.set(name, { shape, data: memory.arrays[2 * i] })
  buffers.set(name, memory.arrays[2 * i + 1])
}
const update = compileFused(momentum, { memory })
const engine = await openEngine({ backend, threads })
const step = await engine.differentiate((weights, { x, labels }) => ({ loss: tf.mean(softmaxCrossEntropy(forward(weights, x), labels)) }), {
  constants,
  trainable: [...weights.keys()],
})
const x = { shape: [batch, size, size, 3], data: Float32Array.from({ length: batch * size * size * 3 }, random.normal) }
const labels = { shape: [batch], data: Int32Array.from({ length: batch }, (_, i) => i % classes) }
const times = []
const losses = []
for (let i = 0; i <= Number(count); i++) {
  const lap = clock()
  const { outputs, gradients } = await step.run({ x, labels }, weights)
  for (const [name, { data }] of gradients) update.run({ p: weights.get(name).data, g: data, b: buffers.get(name) }, { rate: 1e-4 })
  times.push(lap())
  losses.push(outputs.loss.data[0])
}
step.dispose()
await engine.dispose()
// The first step records the graph and loads it.
report({ startMs: times[0], stepMs: times.slice(1), losses })

/** The network of plain ops. */
function network(random) {
  const parameters = new Map()
  const constants = new Map()
  const vector = (channels, value) => ({ shape: [channels], data: new Float32Array(channels).fill(value) })
  const layer = (name, inputs, out, kernel, stride) => {
    const deviation = Math.sqrt(2 / (out * kernel * kernel))
    const length = out * inputs * kernel * kernel
    const data = Float32Array.from({ length }, () => deviation * random.normal())
    parameters.set(`${name}.weight`, { shape: [out, inputs, kernel, kernel], data })
    parameters.set(`${name}.scale`, vector(out, 1))
    parameters.set(`${name}.offset`, vector(out, 0))
    constants.set(`${name}.mean`, vector(out, 0))
    constants.set(`${name}.variance`, vector(out, 1))
    const convolution = { stride, padding: kernel >> 1 }
    return (weights, x) => {
      const of = (part) => weights.get(`${name}.${part}`)
      const norm = { scale: of('scale'), offset: of('offset'), epsilon: 1e-5 }
      if (statistics === 'batch') return batchNormTraining(conv2d(x, of('weight'), convolution), norm).value
      return conv2dBatchNorm(x, of('weight'), convolution, { ...norm, mean: of('mean'), variance: of('variance') })
    }
  }
  const stem = layer('stem', 3, first.width, first.kernel, 2)
  const blocks = []
  let channels = first.width
  for (const [stage, [width, count, stride]] of stages.entries()) {
    for (let i = 0; i < count; i++) {
      const name = `${stage}.${i}`
      const out = expansion * width
      const step = i === 0 ? stride : 1
      const down = channels === out && step === 1 ? undefined : layer(`${name}.down`, channels, out, 1, step)
      // The first 3 × 3 convolution makes the map smaller.
      const layers = kernels.map((kernel, j) =>
        layer(
          `${name}.${j}`,
          j === 0 ? channels : width,
          j === kernels.length - 1 ? out : width,
          kernel,
          j === kernels.indexOf(3) ? step : 1,
        ),
      )
      blocks.push((w, x) => {
        const y = layers.reduce((map, layer, j) => (j === layers.length - 1 ? layer(w, map) : tf.relu(layer(w, map))), x)
        return tf.relu(tf.add(y, down ? down(w, x) : x))
      })
      channels = out
    }
  }
  parameters.set('head.weight', {
    shape: [channels, classes],
    data: Float32Array.from({ length: channels * classes }, () => 0.02 * random.normal()),
  })
  parameters.set('head.bias', vector(classes, 0))
  const forward = (weights, x) => {
    const seen = tf.relu(stem(weights, x))
    const start = first.pooled ? maxPool2d(seen, { size: 3, stride: 2, padding: 1 }) : seen
    const features = globalAveragePool(blocks.reduce((map, block) => block(weights, map), start))
    return tf.add(tf.matMul(features, weights.get('head.weight')), weights.get('head.bias'))
  }
  return { parameters, constants, forward }
}
