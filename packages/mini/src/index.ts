import { fileURLToPath } from 'node:url'
import type { ModelFiles } from '@ms/core'
import { directoryFiles } from '@ms/core/node'

/**
 * The files of `ms-mini-text`, a static encoder of 256 dimensions for English and Chinese in one space. They lie in this package; nothing
 * is fetched. What it was made of, and what it reaches, stands in this package's README.
 *
 * @example
 * ```ts
 * import { createEmbedder, loadEncoder } from '@ms/embed'
 * import { miniText } from '@ms/mini'
 *
 * const embedder = await createEmbedder(await loadEncoder(miniText()))
 * const vectors = await embedder.embed(['two pages on one sheet', '在一张纸上打印两页'])
 * ```
 */
export function miniText(): ModelFiles {
  return filesOf('ms-mini-text')
}

/**
 * The files of `ms-mini-image`, a small convolutional network that turns a drawing, 128 × 128 pixels, into 1,280 dimensions: two drawings
 * of one thing lie near each other, whatever hand they are of. They lie in this package; nothing is fetched. Reading pictures needs the
 * package sharp.
 *
 * @example
 * ```ts
 * import { createEmbedder } from '@ms/embed'
 * import { openModel } from '@ms/embed/node'
 * import { miniImage } from '@ms/mini'
 * import { openEngine } from '@ms/runtime/node'
 *
 * const { image } = await openModel(miniImage())
 * if (image) {
 *   const embedder = await createEmbedder(image, { engine: () => openEngine() })
 *   const vectors = await embedder.embed(['heart.png', 'star.svg'])
 *   console.log(vectors.dim) // 1280
 * }
 * ```
 */
export function miniImage(): ModelFiles {
  return filesOf('ms-mini-image')
}

function filesOf(name: string): ModelFiles {
  const { list, read } = directoryFiles(fileURLToPath(new URL(`../models/${name}`, import.meta.url)))
  return { location: name, list, read }
}
