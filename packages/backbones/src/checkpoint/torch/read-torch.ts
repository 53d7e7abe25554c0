import { MsError } from '@ms/core'
import type { CheckpointTensor } from '../checkpoint-tensor.js'
import { bytesPerElement } from '../safetensors-header.js'
import { typedView } from '../typed-view.js'
import { extentOf, gatherStrided, isContiguous } from './gather-strided.js'
import { isLegacyTorch, legacyContents } from './legacy-contents.js'
import { stateDict } from './state-dict.js'
import type { TensorReference, TorchValue } from './tensor-pickle.js'
import { zipContents } from './zip-contents.js'

/** What a file of torch.save holds: names with references to storages, and the storages' bytes. */
export interface TorchContents {
  readonly root: TorchValue
  readonly storage: (key: string) => Uint8Array | undefined
}

/** Whether a file begins like one that torch.save wrote, of the zip format or of the one before. */
export const isTorchFile = (bytes: Uint8Array): boolean => isZip(bytes) || isLegacyTorch(bytes)

const isZip = (bytes: Uint8Array) => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

/**
 * Reads the tensors of a checkpoint that torch.save wrote (`.pth`, `.pt`, `.bin`): a state dict, or one inside `state_dict` or `model`.
 * No code can run from it: only the pickle instructions and names that tensors need are understood (`unpickle`), and every size is
 * checked against the bytes that are there before memory is taken.
 *
 * The tensors are views of `bytes` where these are aligned and contiguous, copies otherwise: do not change `bytes` afterwards.
 *
 * @param where the file's name, for messages
 * @throws `checkpoint.unsafe`, `checkpoint.pickle`, `checkpoint.zip`, `checkpoint.compressed`, `checkpoint.duplicate`,
 *   `checkpoint.overlap`, `checkpoint.truncated`, `checkpoint.endian`, `checkpoint.storage`, `checkpoint.bounds`, `checkpoint.size`,
 *   `checkpoint.contents`
 *
 * @example
 * ```ts
 * import { readTorch } from '@ms/backbones'
 * import { readFile } from 'node:fs/promises'
 *
 * const tensors = readTorch(await readFile('resnet50.pth'), 'resnet50.pth')
 * console.log(tensors.get('conv1.weight')?.shape) // [64, 3, 7, 7]
 * ```
 */
export function readTorch(bytes: Uint8Array, where: string): Map<string, CheckpointTensor> {
  const contents = isZip(bytes) ? zipContents(bytes, where) : legacyContents(bytes, where)
  const storages = new Map<string, CheckpointTensor>()
  // Views with strides are copied out. Together they may not take more than a few times the file.
  const budget = { left: 4 * bytes.length }
  const tensors = new Map<string, CheckpointTensor>()
  for (const [name, tensor] of stateDict(contents.root, where)) {
    tensors.set(name, tensorOf(name, tensor, contents, storages, budget, where))
  }
  return tensors
}

function tensorOf(
  name: string,
  { storage, offset, shape, strides }: TensorReference,
  contents: TorchContents,
  storages: Map<string, CheckpointTensor>,
  budget: { left: number },
  where: string,
): CheckpointTensor {
  const fail = (code: string, message: string): never => {
    throw new MsError(`checkpoint.${code}`, `tensor ${name}: ${message}`, { where, advice: 'The file is damaged; fetch it again.' })
  }
  const { key, dtype, length } = storage
  const width = bytesPerElement[dtype]
  const bytes = contents.storage(key) ?? fail('storage', `its numbers (${key}) are not in the file`)
  if (length * width !== bytes.length) fail('size', `its storage claims ${length} numbers of ${width} bytes and has ${bytes.length} bytes`)
  const end = offset + extentOf(shape, strides)
  if (!(end <= length))
    fail('bounds', `[${shape.join(', ')}] with strides [${strides.join(', ')}] from ${offset} leads out of its ${length} numbers`)
  const size = shape.reduce((product, n) => product * n, 1)
  if (isContiguous(shape, strides)) return typedView(dtype, shape, bytes.subarray(offset * width, (offset + size) * width))
  budget.left -= size * width
  if (size > length || budget.left < 0) fail('size', `[${shape.join(', ')}] is more than its storage of ${length} numbers holds`)
  const source = storages.get(key) ?? typedView(dtype, [length], bytes)
  storages.set(key, source)
  const target = typedView(dtype, shape, new Uint8Array(size * width))
  gatherStrided(source.data, target.data, offset, shape, strides)
  return target
}
