import { MsError } from '@ms/core'

const endSignature = 0x06054b50
const end64LocatorSignature = 0x07064b50
const end64Signature = 0x06064b50
const centralSignature = 0x02014b50
const localSignature = 0x04034b50
/** In a 32-bit field: the value stands in the ZIP64 record. */
const elsewhere = 0xffffffff

const damaged = 'The file is damaged or was not downloaded to the end; fetch it again.'

/**
 * The entries of a zip archive whose entries are stored as they are, as torch writes it: name → bytes, a view of the archive.
 * Nothing is ever inflated, so nothing can grow. What the directory says is checked against the bytes that are there: no name twice,
 * no byte in two entries.
 *
 * @throws `checkpoint.truncated`, `checkpoint.zip`, `checkpoint.compressed`, `checkpoint.duplicate`, `checkpoint.overlap`
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function zipEntries(bytes: Uint8Array, where: string): Map<string, Uint8Array> {
  const fail = (code: string, message: string, advice = damaged): never => {
    throw new MsError(`checkpoint.${code}`, message, { where, advice })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const directory = findDirectory(view, fail)
  const entries = new Map<string, Uint8Array>()
  const extents: { name: string; begin: number; end: number }[] = []
  let at = directory.begin
  for (let i = 0; i < directory.count; i++) {
    if (at + 46 > directory.end || view.getUint32(at, true) !== centralSignature) fail('zip', `entry ${i} of the directory is damaged`)
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)]
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true))
    const next = at + 46 + nameLength + extraLength + commentLength
    if (next > directory.end) fail('zip', `entry ${i} leads out of the directory`)
    const rawName = bytes.subarray(at + 46, at + 46 + nameLength)
    const name = new TextDecoder().decode(rawName)
    const { packed, size, offset } = sizesOf(view, at, nameLength, extraLength, name, fail)
    if (flags & 1) fail('zip', `${name} is encrypted`, 'Decrypt the file first.')
    if (method !== 0 || packed !== size)
      fail('compressed', `${name} is compressed`, 'torch.save stores without compression; save the file again.')
    if (entries.has(name)) fail('duplicate', `the archive has ${name} twice`)
    if (offset + 30 > directory.begin || view.getUint32(offset, true) !== localSignature)
      fail('zip', `${name} is not where the directory says`)
    const localName = view.getUint16(offset + 26, true)
    const begin = offset + 30 + localName + view.getUint16(offset + 28, true)
    if (begin + size > directory.begin)
      fail('truncated', `${name} claims ${size} bytes from ${begin}, but the directory begins at ${directory.begin}`)
    if (localName !== nameLength || !rawName.every((byte, k) => byte === bytes[offset + 30 + k])) {
      fail('zip', `the directory calls an entry ${name}, the entry itself does not`)
    }
    entries.set(name, bytes.subarray(begin, begin + size))
    extents.push({ name, begin: offset, end: begin + size })
    at = next
  }
  extents.sort((a, b) => a.begin - b.begin)
  for (const [i, { name, begin }] of extents.entries()) {
    if (i > 0 && begin < extents[i - 1].end) fail('overlap', `${extents[i - 1].name} and ${name} share bytes`)
  }
  return entries
}

type Fail = (code: string, message: string, advice?: string) => never

/** The end record stands at the very end, before a comment of at most 65,535 bytes. */
function findDirectory(view: DataView, fail: Fail): { begin: number; end: number; count: number } {
  const last = view.byteLength - 22
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) !== endSignature || at + 22 + view.getUint16(at + 20, true) !== view.byteLength) continue
    const locator = at - 20
    if (locator >= 0 && view.getUint32(locator, true) === end64LocatorSignature) {
      const record = big(view, locator + 8)
      if (!(record + 56 <= locator) || view.getUint32(record, true) !== end64Signature)
        fail('zip', 'the ZIP64 end record is not where its locator says')
      return directoryAt(big(view, record + 48), big(view, record + 40), big(view, record + 32), record, fail)
    }
    return directoryAt(view.getUint32(at + 16, true), view.getUint32(at + 12, true), view.getUint16(at + 10, true), at, fail)
  }
  return fail('truncated', 'the archive has no directory at its end')
}

function directoryAt(begin: number, size: number, count: number, limit: number, fail: Fail) {
  if (!(begin + size <= limit) || count * 46 > size)
    fail('zip', `the directory claims ${count} entries in ${size} bytes from ${begin}, which do not fit`)
  return { begin, end: begin + size, count }
}

/** Sizes and place of an entry; where they do not fit 32 bits they stand in the ZIP64 field, in this order. */
function sizesOf(view: DataView, at: number, nameLength: number, extraLength: number, name: string, fail: Fail) {
  const [packed, size, offset] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true), view.getUint32(at + 42, true)]
  if (packed !== elsewhere && size !== elsewhere && offset !== elsewhere) return { packed, size, offset }
  const end = at + 46 + nameLength + extraLength
  for (let field = end - extraLength; field + 4 <= end; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue
    let next = field + 4
    const limit = Math.min(end, next + view.getUint16(field + 2, true))
    const read = (short: number) => {
      if (short !== elsewhere) return short
      if (next + 8 > limit) return fail('zip', `the ZIP64 field of ${name} is too short`)
      next += 8
      return big(view, next - 8)
    }
    const [longSize, longPacked, longOffset] = [read(size), read(packed), read(offset)]
    return { packed: longPacked, size: longSize, offset: longOffset }
  }
  return fail('zip', `${name} has no ZIP64 field, but needs one`)
}

/** An unsigned 64-bit number; beyond 2^53 it is inexact, and larger than any file. */
const big = (view: DataView, at: number) => Number(view.getBigUint64(at, true))
