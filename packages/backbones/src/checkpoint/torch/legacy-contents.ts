import { MsError } from '@ms/core'
import { bytesPerElement } from '../safetensors-header.js'
import type { TorchContents } from './read-torch.js'
import { type StorageReference, unpickleTensors } from './tensor-pickle.js'

/** The first pickle: protocol 2, the number 0x1950a86a20f9469cfc6c. */
const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]

const formatVersion = 1001

export const isLegacyTorch = (bytes: Uint8Array): boolean => magic.every((byte, i) => bytes[i] === byte)

/**
 * torch's format before 1.6, without a zip archive: five pickles (magic number, version, machine, the object, names of the storages), then
 * for each storage its length as 64 bits and its numbers.
 */
export function legacyContents(bytes: Uint8Array, where: string): TorchContents {
  const fail = (code: string, message: string, advice = 'The file is damaged; fetch it again.'): never => {
    throw new MsError(`checkpoint.${code}`, message, { where, advice })
  }
  if (!isLegacyTorch(bytes)) fail('contents', 'this is no file of torch.save')
  const version = unpickleTensors(bytes, magic.length, where)
  if (version.value !== formatVersion) fail('pickle', `the format has the version ${String(version.value)}, known is ${formatVersion}`)
  const machine = unpickleTensors(bytes, version.end, where)
  if (!(machine.value instanceof Map) || machine.value.get('little_endian') !== true) {
    fail('endian', 'the numbers are big-endian', 'Save the file on a machine with little-endian numbers.')
  }
  const named = new Map<string, StorageReference>()
  const root = unpickleTensors(bytes, machine.end, where, (storage) => named.set(storage.key, storage))
  const keys = unpickleTensors(bytes, root.end, where)
  if (!Array.isArray(keys.value)) return fail('pickle', 'the names of the storages are no list')

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const storages = new Map<string, Uint8Array>()
  let at = keys.end
  for (const key of keys.value) {
    const storage = typeof key === 'string' ? named.get(key) : undefined
    if (!storage) return fail('storage', `no tensor is made of the storage ${String(key)}`)
    if (storages.has(storage.key)) fail('duplicate', `the storage ${storage.key} is there twice`)
    if (at + 8 > bytes.length) fail('truncated', `the file ends before the storage ${storage.key}`)
    const end = at + 8 + Number(view.getBigUint64(at, true)) * bytesPerElement[storage.dtype]
    if (!(end <= bytes.length)) fail('truncated', `the storage ${storage.key} ends at byte ${end}, the file at ${bytes.length}`)
    storages.set(storage.key, bytes.subarray(at + 8, end))
    at = end
  }
  if (at !== bytes.length) fail('gap', `the last ${bytes.length - at} bytes belong to no storage`)
  return { root: root.value, storage: (key) => storages.get(key) }
}
