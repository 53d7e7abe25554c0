import { join } from 'node:path'
import { MsError } from '@ms/core'
import { directoryFiles, replaceDirectory } from '@ms/core/node'
import type { LoadedModel } from '../load-model.js'
import { type SaveEncoderOptions, saveEncoder } from '../save-encoder.js'

/**
 * Saves a model into a directory, all or nothing: one encoder as it is, two into `text/` and `image/`.
 * @throws `encoder.none`, `file.unwritable`, and what `saveEncoder` throws
 */
export async function saveModelDirectory({ text, image }: LoadedModel, path: string, options: SaveEncoderOptions = {}): Promise<void> {
  const single = text ?? image
  if (!single) throw new MsError('encoder.none', 'this model has no encoder', { where: path, kind: 'failure' })
  await replaceDirectory(path, async (temporary) => {
    if (!text || !image) return saveEncoder(single, directoryFiles(temporary), options)
    await saveEncoder(text, directoryFiles(join(temporary, 'text')), options)
    await saveEncoder(image, directoryFiles(join(temporary, 'image')), options)
  })
}
