// What each way to make a training step cheaper gains, one by one: `node bench/what-pays.mjs [--rounds N] [--json]`, after `pnpm build`.
// CPU milliseconds of a forward and backward pass of six transformer blocks of MiniLM's size (2,048 tokens in 32 texts, width 384, 12 heads)
// in the traced engine at one thread, each beside the same without it; both run in turn, and ratios are medians of the rounds' ratios.
//  one product    queries, keys and values by one matrix of [384, 1152] in place of three of [384, 384]
//  layer norm     `layerNorm`, one operation with a short gradient, in place of means and differences
//  gelu           `gelu`, the same, in place of erf and products
//  frozen         the first three blocks as constants, in place of weights whose gradients nobody reads
//  rows           Adam on the 1,500 rows that a batch touches of a table of 30,522 × 384, in place of all of it
import { parseArgs } from 'node:util'
import { seededRandom } from '@ms/core'
import { add, compileFused, div, elementwise, fusedMemory, gelu, layerNorm, mul, sqrt, sub } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import * as tf from '@tensorflow/tfjs-core'
import { clock } from './round.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, json: { type: 'boolean' } } })
const rounds = Number(values.rounds)
const [texts, length, width, heads, inner, blocks] = [32, 64, 384, 12, 1536, 6]
const random = seededRandom(1)
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const matrix = (...shape) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.02 * random.normal()) })
const filled = (value, size) => ({ shape: [size], data: new Float32Array(size).fill(value) })

const parameters = new Map()
for (let block = 0; block < blocks; block++) {
  const sizes = { query: [width, width], key: [width, width], value: [width, width], together: [width, 3 * width], out: [width, width] }
  for (const [name, shape] of Object.entries({ ...sizes, wide: [width, inner], narrow: [inner, width] }))
    parameters.set(`${block}.${name}`, matrix(...shape))
  for (const name of ['norm1', 'norm2']) {
    parameters.set(`${block}.${name}.gamma`, filled(1, width))
    parameters.set(`${block}.${name}.beta`, filled(0, width))
  }
}

const plainNorm = (x, gamma, beta) => {
  const centred = tf.sub(x, tf.mean(x, -1, true))
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-12))), gamma), beta)
}
const plainGelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))

/** @param way which of the three are in use */
const network = (way) => (weights, inputs) => {
  const norm = way.norm ? (x, gamma, beta) => layerNorm(x, gamma, beta, 1e-12) : plainNorm
  const activation = way.gelu ? gelu : plainGelu
  let x = inputs.x
  for (let block = 0; block < blocks; block++) {
    const weight = (name) => weights.get(`${block}.${name}`)
    const parts = way.together
      ? tf.split(tf.matMul(x, weight('together')), 3, 1)
      : ['query', 'key', 'value'].map((name) => tf.matMul(x, weight(name)))
    const [q, k, v] = parts.map((part) => tf.transpose(tf.reshape(part, [texts, length, heads, width / heads]), [0, 2, 1, 3]))
    const attention = tf.softmax(tf.mul(tf.matMul(q, k, false, true), (width / heads) ** -0.5))
    const mixed = tf.reshape(tf.transpose(tf.matMul(attention, v), [0, 2, 1, 3]), [texts * length, width])
    x = norm(tf.add(x, tf.matMul(mixed, weight('out'))), weight('norm1.gamma'), weight('norm1.beta'))
    const wide = activation(tf.matMul(x, weight('wide')))
    x = norm(tf.add(x, tf.matMul(wide, weight('narrow'))), weight('norm2.gamma'), weight('norm2.beta'))
  }
  return { loss: tf.mean(tf.square(x)) }
}

const usual = { norm: true, gelu: true, together: false }
const unused = (way) => (way.together ? ['query', 'key', 'value'] : ['together'])
const engine = await openEngine({ backend: 'traced', threads: 1 })
const inputs = { x: matrix(texts * length, width) }

async function pass(way, frozen = 0) {
  const used = [...parameters].filter(([name]) => !unused(way).includes(name.split('.')[1]))
  const trainable = new Map(used.filter(([name]) => Number(name.split('.')[0]) >= frozen))
  const constants = new Map(used.filter(([name]) => !trainable.has(name)))
  const made = await engine.differentiate(network(way), { constants, trainable: [...trainable.keys()] })
  return { run: () => made.run(inputs, trainable), dispose: () => made.dispose() }
}

const result = {}
async function compare(name, plain, better) {
  const times = { plain: [], better: [] }
  for (let round = -1; round < rounds; round++) {
    for (const [which, { run }] of Object.entries({ plain, better })) {
      const lap = clock()
      await run()
      // The first records the graph.
      if (round >= 0) times[which].push(lap())
    }
  }
  const ratio = median(times.better.map((ms, i) => ms / times.plain[i]))
  result[name] = {
    without: Math.round(median(times.plain)),
    with: Number(median(times.better).toPrecision(3)),
    ratio: Number(ratio.toFixed(2)),
  }
  plain.dispose?.()
  better.dispose?.()
}

await compare('one product', await pass(usual), await pass({ ...usual, together: true }))
await compare('layer norm', await pass({ ...usual, norm: false }), await pass(usual))
await compare('gelu', await pass({ ...usual, gelu: false }), await pass(usual))
await compare('frozen', await pass(usual), await pass(usual, blocks / 2))
await engine.dispose()

const count = 30_522
const touched = Int32Array.from({ length: 1500 }, (_, i) => i * 20)
const adam = elementwise(['p', 'g', 'm', 'v'], ['rate'], ({ p, g, m, v }, { rate }) => {
  const [first, second] = [add(mul(m, 0.9), mul(g, 0.1)), add(mul(v, 0.999), mul(mul(g, g), 0.001))]
  return { m: first, v: second, p: sub(p, div(mul(rate, first), add(sqrt(second), 1e-8))) }
})
const update = (rows) => {
  const memory = fusedMemory([count * width, count * width, count * width])
  const kernel = compileFused(adam, { memory })
  const [p, m, v] = memory.arrays
  const g = new Float32Array((rows ? rows.length : count) * width).fill(1e-3)
  const run = () =>
    rows
      ? kernel.runRows({ p, g, m, v }, { rate: 1e-5 }, { rows, width, tables: ['p', 'm', 'v'] })
      : kernel.run({ p, g, m, v }, { rate: 1e-5 })
  return { run: async () => run() }
}
await compare('rows', update(), update(touched))
console.log(values.json ? JSON.stringify(result) : result)
