import { resnet } from '@ms/backbones'
import { imageProcessor } from '@ms/backbones/node'
import { seededRandom } from '@ms/core'
import { dense, imageEncoder, normalize, pooling } from '@ms/embed'
import { standardised } from './standardised.mjs'

/** A residual network for small pictures: four stages of one block, 64 × 64 pixels to a map of 4 × 4. */
const config = {
  model_type: 'resnet',
  layer_type: 'basic',
  embedding_size: 32,
  hidden_sizes: [32, 64, 128, 192],
  depths: [1, 1, 1, 1],
  stem_kernel_size: 3,
  stem_pooling: false,
}
const settings = { resize: 64, crop: [64, 64], interpolation: 'bilinear', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
/** Dimensions that the loss sees; what comes before them searches better (facts of SimCLR, Chen et al. 2020, section 4.2). */
const headWidth = 256

/** The network before it has learnt anything: weights of convolutions as He et al. 2015 draw them. */
export function newEncoder(seed) {
  const parsedConfig = resnet.parseConfig(config, 'ms-mini-image')
  const backbone = resnet.create(parsedConfig)
  const pool = pooling(backbone.width, { modes: ['max', 'mean'] })
  const random = seededRandom(seed)
  const parts = {
    backbone: { backbone, makes: 'places', config, parsedConfig },
    modules: [pool, normalize(pool.widths)],
    settings,
    openProcessor: (wanted) => imageProcessor(wanted, { extent: 'whole', memory: 2 ** 29 }),
    files: new Map(),
    similarity: 'cosine',
    notices: [],
  }
  return imageEncoder(
    parts,
    new Map([...backbone.shapes].map(([name, shape]) => [name, { shape, data: firstWeights(name, shape, random) }])),
  )
}

function firstWeights(name, shape, random) {
  const size = shape.reduce((product, length) => product * length, 1)
  if (shape.length === 4) {
    const source = random.fork(name)
    const deviation = Math.sqrt(2 / (shape[0] * shape[2] * shape[3]))
    return Float32Array.from({ length: size }, () => deviation * source.normal())
  }
  return new Float32Array(size).fill(/(norm|bn\d|downsample\.1)\.weight$|running_var$/.test(name) ? 1 : 0)
}

/** With the linear map and the batch norm that training needs and search does not. */
export function withHead(encoder, seed) {
  const [pool] = encoder.parts.modules
  const width = pool.widths.sentence_embedding
  const head = dense({ inFeatures: width, outFeatures: headWidth, bias: false, activation: 'identity' }, pool.widths)
  const random = seededRandom(seed).fork('head')
  const data = Float32Array.from({ length: headWidth * width }, () => random.normal() / Math.sqrt(width))
  const parameters = new Map([...encoder.parameters, ['2_Dense.linear.weight', { shape: [headWidth, width], data }]])
  return encoder.withModules([pool, head, standardised(head.widths), normalize(head.widths)], parameters)
}

/** What is searched with: the pooled features, of unit length. */
export function withoutHead(encoder) {
  const [pool] = encoder.parts.modules
  const parameters = new Map([...encoder.parameters].filter(([name]) => !name.startsWith('2_Dense')))
  return encoder.withModules([pool, normalize(pool.widths)], parameters)
}
