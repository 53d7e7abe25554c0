import { readdir } from 'node:fs/promises'
import { MsError } from '@ms/core'
import { directoryFiles, replaceDirectory } from '@ms/core/node'
import { type ExportOnnxOptions, exportOnnx } from '../onnx/export-onnx.js'
import type { SentenceEncoder } from '../sentence-encoder.js'

/**
 * Exports an encoder into a directory, all or nothing. An earlier export there is replaced in one step when everything is written.
 * @throws `onnx.folder` when the directory holds something else, `file.unwritable`, and what `exportOnnx` throws
 * @example
 * ```ts
 * import type { SentenceEncoder } from '@ms/embed'
 * import { exportOnnxDirectory } from '@ms/embed/node'
 *
 * export const ship = (encoder: SentenceEncoder) => exportOnnxDirectory(encoder, 'models/shipped', { quantize: 'int8' })
 * ```
 */
export async function exportOnnxDirectory(encoder: SentenceEncoder, path: string, options: ExportOnnxOptions = {}): Promise<void> {
  const present: string[] = await readdir(path).catch(() => [])
  // A model with weights may have an onnx folder, too: that is no export of ours to be thrown away.
  if (present.length > 0 && !(present.includes('onnx') && (await isExport(path)))) {
    throw new MsError('onnx.folder', 'this folder holds something else than an export', { where: path, advice: 'Give --out a new folder.' })
  }
  await replaceDirectory(path, (temporary) => exportOnnx(encoder, directoryFiles(temporary), options))
}

async function isExport(path: string): Promise<boolean> {
  return (await readdir(`${path}/onnx`).catch((): string[] => [])).includes('exported.json')
}
