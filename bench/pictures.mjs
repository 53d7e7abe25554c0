// Pictures: `MS_PYTHON=python node bench/pictures.mjs [--backend B] [--json]`, after `pnpm build`.
//  decoding   pictures a second of `imageProcessor` beside sharp alone, the same work (scale, cut, raw pixels), all processors; rounds take
//             turns, the ratio is the median of theirs. And how long a picture keeps the main thread, where training runs.
//  PIL        what decoded pictures differ from PIL's, in levels of 255 (needs MS_PYTHON with pillow and numpy)
//  augment    processor milliseconds a batch, beside a training step of a small residual network of nine 3 × 3 convolutions, 32 to 192 channels
//  waiting    how long the engine stands idle between two steps of a training of ms-mini-image (32 pictures a step, the engine in a thread of
//             its own as in `ms train`), as a share of a step: with pictures as they are, and varied. What the second has more is for data.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageProcessor } from '@ms/backbones/node'
import { seededRandom } from '@ms/core'
import { loadImageEncoder } from '@ms/embed'
import { adamw, augmentRandom, constant, finish, standardPictureAugment, supervisedContrastive, train } from '@ms/finetune'
import { miniImage } from '@ms/mini'
import { conv2d, globalAveragePool, softmaxCrossEntropy } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import * as tf from '@tensorflow/tfjs-core'
import sharp from 'sharp'

const random = seededRandom(1)
// libvips remembers what it made of a path; every picture is to be decoded.
sharp.cache(false)
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const round = (value, digits = 2) => Number(value.toFixed(digits))
const folder = mkdtempSync(join(tmpdir(), 'bench-pictures-'))

/** Like a photograph: noise whose strength falls with its frequency. */
function photograph(width, height) {
  const sums = new Float32Array(width * height * 3)
  for (let cell = 2; cell <= 256; cell *= 2) {
    const across = Math.ceil(width / cell) + 2
    const grid = Float32Array.from({ length: across * (Math.ceil(height / cell) + 2) * 3 }, () => random.uniform() - 0.5)
    for (let y = 0, at = 0; y < height; y++) {
      const [row, down] = [Math.floor(y / cell), (y / cell) % 1]
      for (let x = 0; x < width; x++) {
        const [column, right] = [Math.floor(x / cell), (x / cell) % 1]
        for (let channel = 0; channel < 3; channel++, at++) {
          const corner = (i, j) => grid[((row + j) * across + column + i) * 3 + channel]
          const top = corner(0, 0) * (1 - right) + corner(1, 0) * right
          const bottom = corner(0, 1) * (1 - right) + corner(1, 1) * right
          sums[at] += Math.sqrt(cell) * 5 * (top * (1 - down) + bottom * down)
        }
      }
    }
  }
  return sharp(
    Uint8Array.from(sums, (x) => Math.min(255, Math.max(0, 128 + x))),
    { raw: { width, height, channels: 3 } },
  )
}

const settings = { resize: 256, crop: [224, 224], interpolation: 'bicubic', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
const kinds = {
  'jpeg 1600×1200': await photograph(1600, 1200).jpeg({ quality: 90 }).toBuffer(),
  'jpeg 500×375': await photograph(500, 375).jpeg({ quality: 90 }).toBuffer(),
  'webp 1000×750': await photograph(1000, 750).webp({ quality: 85 }).toBuffer(),
  'png 500×375': await photograph(500, 375).png().toBuffer(),
  'svg 64×64': Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${Array.from({ length: 12 }, (_, i) => `<circle cx="${i * 5}" cy="${(i * 13) % 64}" r="9" fill="hsl(${i * 30} 80% 50%)"/>`).join('')}</svg>`,
  ),
}

async function decoding(bytes, name) {
  const path = join(folder, name.replace(/\W+/g, '-'))
  writeFileSync(path, bytes)
  const count = name.includes('1600') ? 32 : 64
  const items = Array.from({ length: count }, () => path)
  const processor = imageProcessor(settings, { memory: 0 })
  const { width, height } = await sharp(path).metadata()
  const scale = 256 / Math.min(width, height)
  const [across, down] = [Math.floor(width * scale), Math.floor(height * scale)]
  const middle = { left: (across - 224) >> 1, top: (down - 224) >> 1, width: 224, height: 224 }
  // As one would write it who knows the sizes: no limits, no cache.
  const alone = () =>
    sharp(path)
      .flatten({ background: '#fff' })
      .resize(across, down, { kernel: 'cubic' })
      .extract(middle)
      .toColourspace('srgb')
      .raw()
      .toBuffer()
  const both = { ours: () => processor.prepare(items), sharp: () => inParallel(count, Math.max(4, availableParallelism()), alone) }
  const seconds = { ours: [], sharp: [] }
  const busy = []
  for (let i = 0; i < 8; i++) {
    for (const who of i % 2 ? ['ours', 'sharp'] : ['sharp', 'ours']) {
      const spent = process.cpuUsage()
      const before = mainThreadMs()
      await both[who]()
      const { user, system } = process.cpuUsage(spent)
      seconds[who].push((user + system) / 1e6)
      if (who === 'ours') busy.push((mainThreadMs() - before) / count)
    }
  }
  return {
    cpuMsAPicture: round((median(seconds.ours.slice(1)) / count) * 1000),
    ofSharp: round(median(seconds.ours.map((s, i) => seconds.sharp[i] / s).slice(1))),
    mainThreadMs: round(median(busy.slice(1)), 3),
  }
}

/** Processor time of this thread alone (Linux). */
const mainThreadMs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6

async function inParallel(count, width, work) {
  let next = 0
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next++ < count) await work()
    }),
  )
}

async function beside(bytes, name) {
  const path = join(folder, `pil-${name.replace(/\W+/g, '-')}`)
  writeFileSync(path, bytes)
  const script = [
    'import sys, numpy; from PIL import Image',
    'im = Image.open(sys.argv[1]).convert("RGB"); w, h = im.size; s = 256 / min(w, h)',
    'im = im.resize((int(w * s), int(h * s)), 3); l, t = (im.width - 224) // 2, (im.height - 224) // 2',
    'sys.stdout.buffer.write(numpy.asarray(im.crop((l, t, l + 224, t + 224))).tobytes())',
  ].join('\n')
  const pil = execFileSync(process.env.MS_PYTHON, ['-c', script, path], { maxBuffer: 1e8 })
  const [{ pixels }] = await imageProcessor(settings).prepare([path])
  const differences = pixels.map((value, i) => Math.abs(value - pil[i]))
  return {
    mean: round(differences.reduce((sum, x) => sum + x, 0) / pixels.length),
    most: differences.reduce((most, x) => Math.max(most, x), 0),
  }
}

/** From, to, stride of the residual blocks after a 3 × 3 stem of stride 2: 0.88 million weights. */
const blocks = [
  [32, 32, 1],
  [32, 64, 2],
  [64, 128, 2],
  [128, 192, 2],
]

async function augmenting(size, batch) {
  const engine = await openEngine({ backend, threads: 1 })
  const weight = (shape) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.05 * random.normal()) })
  const parameters = new Map([
    ['stem', weight([32, 3, 3, 3])],
    ...blocks.flatMap(([from, to], i) => [
      [`${i}.first`, weight([to, from, 3, 3])],
      [`${i}.second`, weight([to, to, 3, 3])],
      [`${i}.shortcut`, weight([to, from, 1, 1])],
    ]),
    ['head', weight([192, 10])],
  ])
  const compiled = await engine.differentiate(
    (weights, { pixel_values: pixels, labels }) => {
      const layer = (x, name, stride) => conv2d(x, weights.get(name), { stride, padding: name.endsWith('shortcut') ? 0 : 1 })
      const map = blocks.reduce(
        (x, [, , stride], i) => {
          const body = layer(tf.relu(layer(x, `${i}.first`, stride)), `${i}.second`, 1)
          return tf.relu(tf.add(body, layer(x, `${i}.shortcut`, stride)))
        },
        tf.relu(layer(pixels, 'stem', 2)),
      )
      return { loss: tf.mean(softmaxCrossEntropy(tf.matMul(globalAveragePool(map), weights.get('head')), labels)) }
    },
    { constants: new Map(), trainable: [...parameters.keys()] },
  )
  const labels = { shape: [batch, 10], data: Float32Array.from({ length: batch * 10 }, (_, i) => (i % 10 === 3 ? 1 : 0)) }
  const processor = imageProcessor({ ...settings, resize: Math.round(size * 1.15), crop: [size, size] }, { extent: 'whole' })
  const pictures = await processor.prepare(Array.from({ length: batch }, () => kinds['png 500×375']))
  const cpu = async (work, times) => {
    const all = []
    for (let i = 0; i < times; i++) {
      const spent = process.cpuUsage()
      await work(i)
      const { user, system } = process.cpuUsage(spent)
      all.push((user + system) / 1000)
    }
    return median(all.slice(1))
  }
  const step = await cpu(() => compiled.run({ ...processor.collate(pictures), labels }, parameters), 4)
  const result = { engine: engine.name, batch, stepMs: round(step, 1), collateMs: round(await cpu(() => processor.collate(pictures), 7)) }
  for (const strength of ['light', 'strong']) {
    const augment = standardPictureAugment([size, size], strength)
    const ms = await cpu(
      (epoch) => pictures.map((picture, example) => augment(picture, augmentRandom(1, { epoch, example, column: 0 }))),
      9,
    )
    Object.assign(result, { [`${strength}Ms`]: round(ms), [`${strength}Share`]: round(ms / step, 3) })
  }
  compiled.dispose()
  await engine.dispose()
  return result
}

async function waiting(strength) {
  const engine = await openEngine({ backend, threads: 1, worker: true })
  const encoder = await loadImageEncoder(miniImage(), { openProcessor: (wanted) => imageProcessor(wanted, { extent: 'whole' }) })
  const [idle, busy] = [[], []]
  let ended
  const watched = {
    name: engine.name,
    threads: engine.threads,
    compile: (...given) => engine.compile(...given),
    differentiate: async (...given) => {
      const made = await engine.differentiate(...given)
      return {
        run: async (...values) => {
          const began = performance.now()
          if (ended !== undefined) idle.push(began - ended)
          const result = await made.run(...values)
          ended = performance.now()
          busy.push(ended - began)
          return result
        },
        dispose: () => made.dispose(),
      }
    },
  }
  const count = 128
  const pictures = Array.from({ length: count }, (_, i) => photograph(100 + (i % 7), 100))
  const columns = [await Promise.all(pictures.map((picture) => picture.png().toBuffer()))]
  const training = train({
    encoder,
    examples: { kind: 'labelled', columns, labels: columns[0].map((_, i) => `${i >> 1}`), modalities: ['image'] },
    loss: supervisedContrastive({ perClass: 2 }),
    ...(strength ? { augment: { prepared: standardPictureAugment(encoder.settings.crop, strength) } } : {}),
    settings: { epochs: 4, batchSize: 32, learningRate: 1e-5, optimizer: adamw(), schedule: constant() },
    engine: watched,
  })
  await finish(training)
  await engine.dispose()
  // The first step records the graph, and between epochs the loss diff is measured.
  const step = median(busy.slice(1))
  return { stepMs: round(step, 1), idleMs: round(median(idle)), idleShare: round(median(idle) / (step + median(idle)), 3) }
}

const backend = process.argv.includes('--backend') ? process.argv[process.argv.indexOf('--backend') + 1] : 'auto'
const only = process.argv.find((word) => ['decoding', 'pil', 'augment', 'waiting'].includes(word))
const wanted = (name) => !only || only === name
const result = {}
if (wanted('decoding')) for (const [name, bytes] of Object.entries(kinds)) result[name] = await decoding(bytes, name)
if (wanted('pil') && process.env.MS_PYTHON)
  for (const [name, bytes] of Object.entries(kinds)) if (!name.startsWith('svg')) result[`PIL, ${name}`] = await beside(bytes, name)
if (wanted('augment')) {
  result['augment 64'] = await augmenting(64, 32)
  result['augment 224'] = await augmenting(224, 8)
}
if (wanted('waiting')) {
  for (const strength of [undefined, 'light', 'strong']) result[`waiting, ${strength ?? 'as they are'}`] = await waiting(strength)
}
rmSync(folder, { recursive: true })
console.log(process.argv.includes('--json') ? JSON.stringify(result) : result)
