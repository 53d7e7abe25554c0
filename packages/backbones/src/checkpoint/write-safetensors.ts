import { MsError } from '@ms/core'
import type { CheckpointTensor } from './checkpoint-tensor.js'
import { bytesPerElement } from './safetensors-header.js'

/**
 * Writes a safetensors file. The same tensors and metadata give the same bytes, in whatever order they are handed over:
 * wider number types first (which keeps all of them aligned), then by name.
 *
 * @param metadata texts for `__metadata__`; Python's transformers expects `{ format: 'pt' }`
 * @throws `checkpoint.size` when a tensor's data does not fit its shape, `checkpoint.name` for the one name that is reserved
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, CheckpointTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const order = [...tensors].sort(([a, x], [b, y]) => bytesPerElement[y.dtype] - bytesPerElement[x.dtype] || (a < b ? -1 : a > b ? 1 : 0))
  const header: [string, unknown][] = []
  const texts = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))
  if (texts.length > 0) header.push(['__metadata__', Object.fromEntries(texts)])
  if (tensors.has('__metadata__')) {
    throw new MsError('checkpoint.name', 'no tensor may be called __metadata__', { kind: 'failure' })
  }
  let end = 0
  for (const [name, { dtype, shape, data }] of order) {
    const expected = shape.reduce((product, n) => product * n, 1)
    if (data.length !== expected) {
      throw new MsError('checkpoint.size', `tensor ${name}, [${shape.join(', ')}], needs ${expected} values and has ${data.length}`, {
        kind: 'failure',
      })
    }
    const begin = end
    end += data.byteLength
    header.push([name, { dtype, shape, data_offsets: [begin, end] }])
  }
  const json = `{${header.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`
  const text = new TextEncoder().encode(json)
  const dataStart = 8 + Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(dataStart + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - 8), true)
  bytes.fill(0x20, 8, dataStart)
  bytes.set(text, 8)
  let offset = dataStart
  for (const [, { data }] of order) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset)
    offset += data.byteLength
  }
  return bytes
}
