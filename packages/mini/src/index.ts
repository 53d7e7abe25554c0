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
  const { list, read } = directoryFiles(fileURLToPath(new URL('../models/ms-mini-text', import.meta.url)))
  return { location: 'ms-mini-text', list, read }
}
