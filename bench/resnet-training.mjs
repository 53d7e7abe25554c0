// Training ResNet-50 beside PyTorch: `MS_PYTHON=python node bench/resnet-training.mjs [--batch-statistics] [--rounds N] [--json]`,
// after `pnpm build`. Random weights, 8 pictures of 224 × 224, cross entropy over 10 classes, SGD with momentum; batch norm frozen
// or with the batch's statistics. CPU milliseconds a step (median), one thread, and peak memory; rounds of the two take turns.
// Without MS_PYTHON only ours runs.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
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

const momentum = elementwise(['p', 'g', 'b'], ['rate'], ({ p, g, b }, { rate }) => {
  const next = add(mul(b, 0.9), g)
  return { b: next, p: sub(p, mul(rate, next)) }
})
const [batch, size, classes, steps] = [8, 224, 10, 5]
const stages = [
  [64, 3, 1],
  [128, 4, 2],
  [256, 6, 2],
  [512, 3, 2],
]
const option = (name, missing) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? missing : process.argv[at + 1]
}
const statistics = process.argv.includes('--batch-statistics') ? 'batch' : 'frozen'

if (process.argv.includes('--round')) console.log(JSON.stringify(await round(option('--backend', 'traced'))))
else compare()

function compare() {
  const ours = []
  const peers = []
  const own = [fileURLToPath(import.meta.url), '--round', '--backend', option('--backend', 'traced')]
  const mode = statistics === 'batch' ? ['--batch-statistics'] : []
  for (let i = 0; i < Number(option('--rounds', 3)); i++) {
    ours.push(JSON.parse(execFileSync(process.execPath, [...own, ...mode], { encoding: 'utf8' })))
    if (!process.env.MS_PYTHON) continue
    const script = fileURLToPath(new URL('resnet_training.py', import.meta.url))
    const env = { ...process.env, OMP_NUM_THREADS: '1' }
    peers.push(JSON.parse(execFileSync(process.env.MS_PYTHON, [script, String(steps), statistics], { encoding: 'utf8', env })))
  }
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
  const figures = (rounds) => ({
    stepMs: Math.round(median(rounds.map(({ stepMs }) => stepMs))),
    peakMb: median(rounds.map(({ peakMb }) => peakMb)),
  })
  const result = { statistics, ours: figures(ours) }
  if (peers.length > 0) {
    result.torch = figures(peers)
    // Round by round: what else the machine does then slows both alike.
    result.timeRatio = Number(median(ours.map(({ stepMs }, i) => stepMs / peers[i].stepMs)).toFixed(2))
    result.memoryRatio = Number((result.ours.peakMb / result.torch.peakMb).toFixed(2))
  }
  console.log(process.argv.includes('--json') ? JSON.stringify(result) : result)
}

async function round(backend) {
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
  const engine = await openEngine({ backend, threads: 1 })
  const step = await engine.differentiate(
    (weights, { x, labels }) => ({ loss: tf.mean(softmaxCrossEntropy(forward(weights, x), labels)) }),
    {
      constants,
      trainable: [...weights.keys()],
    },
  )
  const x = { shape: [batch, size, size, 3], data: Float32Array.from({ length: batch * size * size * 3 }, random.normal) }
  const labels = { shape: [batch], data: Int32Array.from({ length: batch }, (_, i) => i % classes) }
  const times = []
  const losses = []
  for (let i = 0; i <= steps; i++) {
    const start = process.cpuUsage()
    const { outputs, gradients } = await step.run({ x, labels }, weights)
    for (const [name, { data }] of gradients) update.run({ p: weights.get(name).data, g: data, b: buffers.get(name) }, { rate: 1e-4 })
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
    losses.push(outputs.loss.data[0])
  }
  step.dispose()
  await engine.dispose()
  // The first step records the graph and loads it.
  const [startMs, ...rest] = times
  const stepMs = rest.sort((a, b) => a - b)[rest.length >> 1]
  return { stepMs, startMs, peakMb: Math.round(process.resourceUsage().maxRSS / 1000), losses }
}

/** torchvision's ResNet-50 of plain ops. */
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
  const stem = layer('stem', 3, 64, 7, 2)
  const blocks = []
  let channels = 64
  for (const [stage, [width, count, stride]] of stages.entries()) {
    for (let i = 0; i < count; i++) {
      const name = `${stage}.${i}`
      const down = i === 0 ? layer(`${name}.down`, channels, 4 * width, 1, stride) : undefined
      const a = layer(`${name}.a`, channels, width, 1, 1)
      const b = layer(`${name}.b`, width, width, 3, i === 0 ? stride : 1)
      const c = layer(`${name}.c`, width, 4 * width, 1, 1)
      blocks.push((w, x) => tf.relu(tf.add(c(w, tf.relu(b(w, tf.relu(a(w, x))))), down ? down(w, x) : x)))
      channels = 4 * width
    }
  }
  parameters.set('head.weight', {
    shape: [channels, classes],
    data: Float32Array.from({ length: channels * classes }, () => 0.02 * random.normal()),
  })
  parameters.set('head.bias', vector(classes, 0))
  const forward = (weights, x) => {
    const pooled = maxPool2d(tf.relu(stem(weights, x)), { size: 3, stride: 2, padding: 1 })
    const features = globalAveragePool(blocks.reduce((map, block) => block(weights, map), pooled))
    return tf.add(tf.matMul(features, weights.get('head.weight')), weights.get('head.bias'))
  }
  return { parameters, constants, forward }
}
