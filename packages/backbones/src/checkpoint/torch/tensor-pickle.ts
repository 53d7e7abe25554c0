import { MsError } from '@ms/core'
import type { CheckpointDtype } from '../checkpoint-tensor.js'
import { type PickleFunction, type PickleValue, unpickle } from './unpickle.js'

/** A stretch of numbers that tensors are views of. */
export interface StorageReference {
  readonly kind: 'storage'
  readonly key: string
  readonly dtype: CheckpointDtype
  /** In numbers. */
  readonly length: number
}

/** A tensor as torch pickles it: a view of a storage. */
export interface TensorReference {
  readonly kind: 'tensor'
  readonly storage: StorageReference
  /** In numbers, as the strides. */
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

export type TorchValue = PickleValue<StorageReference | TensorReference>

const storages: Readonly<Record<string, CheckpointDtype>> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

/** More axes than any weight has. */
const mostAxes = 16

export const isTensor = (value: TorchValue): value is TensorReference =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor'

/**
 * Reads a pickle that torch.save wrote. Its tensors and storages are references still: no memory is set aside for them.
 * @param storageSeen told of every storage that is named
 * @throws `checkpoint.pickle`, `checkpoint.unsafe`, `checkpoint.truncated`
 */
export function unpickleTensors(
  bytes: Uint8Array,
  offset: number,
  where: string,
  storageSeen: (storage: StorageReference) => void = () => {},
): { value: TorchValue; end: number } {
  const malformed = (what: string): never => {
    throw new MsError('checkpoint.pickle', what, { where, advice: 'The file is damaged, or no checkpoint of torch.' })
  }
  const count = (value: TorchValue | undefined, what: string): number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : malformed(`${what} is no whole number from 0`)
  const counts = (value: TorchValue | undefined, what: string): number[] =>
    Array.isArray(value) && value.length <= mostAxes
      ? value.map((each: TorchValue) => count(each, what))
      : malformed(`${what} is no list of at most ${mostAxes} numbers`)

  const rebuildTensor = ([storage, first, shape, strides]: readonly TorchValue[]): TorchValue => {
    if (typeof storage !== 'object' || storage === null || !('kind' in storage) || storage.kind !== 'storage') {
      return malformed('a tensor is made of something that is no storage')
    }
    const tensor = { shape: counts(shape, 'a shape'), strides: counts(strides, 'a stride'), offset: count(first, 'an offset') }
    if (tensor.shape.length !== tensor.strides.length) malformed('a tensor has another number of strides than axes')
    return { kind: 'tensor', storage, ...tensor }
  }
  const rebuildParameter = ([tensor = null]: readonly TorchValue[]): TorchValue =>
    isTensor(tensor) ? tensor : malformed('a parameter is made of something that is no tensor')
  const orderedDict = ([pairs = []]: readonly TorchValue[]): TorchValue => {
    if (!Array.isArray(pairs)) return malformed('a dictionary is made of something that is no list')
    return new Map(
      pairs.map((pair: TorchValue) => (Array.isArray(pair) && pair.length === 2 ? [pair[0], pair[1]] : malformed('an item is no pair'))),
    )
  }

  const functions: PickleFunction<StorageReference | TensorReference>[] = [
    { python: 'collections.OrderedDict', call: orderedDict },
    { python: 'torch._utils._rebuild_tensor', call: rebuildTensor },
    { python: 'torch._utils._rebuild_tensor_v2', call: rebuildTensor },
    { python: 'torch._utils._rebuild_parameter', call: rebuildParameter },
    ...Object.keys(storages).map((name) => ({ python: `torch.${name}` })),
  ]
  return unpickle<StorageReference | TensorReference>(bytes, offset, {
    globals: new Map(functions.map((each) => [each.python, each])),
    where,
    persistent: (id) => {
      // ('storage', type, key, device, length), and in the old format what it is a view of
      if (!Array.isArray(id) || id[0] !== 'storage' || id.length < 5) return malformed('a persistent id names no storage')
      const [, type, key, , length, view = null]: TorchValue[] = id
      const python = typeof type === 'object' && type !== null && 'python' in type ? type.python : ''
      const dtype = storages[python.replace('torch.', '')] ?? malformed('a storage has no type')
      if (typeof key !== 'string' || view !== null) return malformed('a storage has no name, or is a view of another one')
      const storage: StorageReference = { kind: 'storage', key, dtype, length: count(length, 'the length of a storage') }
      storageSeen(storage)
      return storage
    },
  })
}
