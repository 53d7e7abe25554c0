import type { ImageSource } from '@ms/core'
import { directoryFiles, replaceDirectory } from '@ms/core/node'
import type { ImageEncoder } from '../image-encoder.js'
import type { PluggedEncoder } from '../plugged/plugged-encoder.js'
import { type SaveEncoderOptions, saveEncoder } from '../save-encoder.js'
import type { SentenceEncoder } from '../sentence-encoder.js'

/**
 * Saves an encoder into a directory, all or nothing: what was there before is replaced in one step when everything is written.
 * @throws `file.unwritable`, and what `saveEncoder` throws
 * @example
 * ```ts
 * import type { SentenceEncoder } from '@ms/embed'
 * import { saveEncoderDirectory } from '@ms/embed/node'
 *
 * export const keep = (encoder: SentenceEncoder) => saveEncoderDirectory(encoder, 'models/mine', { card: { license: 'apache-2.0' } })
 * ```
 */
export async function saveEncoderDirectory(
  encoder: SentenceEncoder | ImageEncoder | PluggedEncoder<ImageSource>,
  path: string,
  options: SaveEncoderOptions = {},
): Promise<void> {
  await replaceDirectory(path, (temporary) => saveEncoder(encoder, directoryFiles(temporary), options))
}
