import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MsError } from '@ms/core'
import { directoryFiles, replaceDirectory } from '@ms/core/node'
import { openOnnxModel } from '@ms/runtime/node/onnx'
import type { LoadedModel } from '../load-model.js'
import { type ExportableEncoder, type ExportOnnxOptions, exportOnnx } from '../onnx/export-onnx.js'
import { isExport } from './open-exported-encoder.js'

/**
 * Exports a model into a directory, all or nothing: one encoder as it is, two into `text/` and `image/`. An earlier export there is replaced in
 * one step when everything is written.
 * @throws `onnx.folder` when the directory holds something else, `encoder.none`, `file.unwritable`, and what `exportOnnx` throws
 * @example
 * ```ts
 * import type { SentenceEncoder } from '@ms/embed'
 * import { exportOnnxDirectory } from '@ms/embed/node'
 *
 * export const ship = (encoder: SentenceEncoder) => exportOnnxDirectory(encoder, 'models/shipped', { quantize: 'int8' })
 * ```
 */
export async function exportOnnxDirectory(
  model: ExportableEncoder | LoadedModel,
  path: string,
  options: ExportOnnxOptions = {},
): Promise<void> {
  const present: string[] = await readdir(path).catch(() => [])
  // A model with weights may have an onnx folder, too: that is no export of ours to be thrown away.
  if (present.length > 0 && !(await isExport(path))) {
    throw new MsError('onnx.folder', 'this folder holds something else than an export', { where: path, advice: 'Give --out a new folder.' })
  }
  const { text, image }: LoadedModel = 'forward' in model ? (model.modality === 'text' ? { text: model } : { image: model }) : model
  const single = text ?? image
  if (!single) throw new MsError('encoder.none', 'this model has no encoder', { where: path, kind: 'failure' })
  const all: ExportOnnxOptions = { open: openOnnxModel, ...options }
  await replaceDirectory(path, async (temporary) => {
    if (!text || !image) return exportOnnx(single, directoryFiles(temporary), all)
    await exportOnnx(text, directoryFiles(join(temporary, 'text')), all)
    await exportOnnx(image, directoryFiles(join(temporary, 'image')), all)
  })
}
