import { readFileSync } from 'node:fs'
import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { integer, joined, type PickledTensor, pickle, storedZip, torchFile, unicode } from '../../fixtures/torch-files.js'
import { toFloat32 } from '../checkpoint-tensor.js'
import { readTorch } from './read-torch.js'

const golden = new URL('../../../golden/torch/', import.meta.url)
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, golden)))
const values: Record<string, { shape: number[]; values: number[] }> = JSON.parse(readFileSync(new URL('values.json', golden), 'utf8'))

/** What it throws. */
function errorOf(bytes: Uint8Array): unknown {
  try {
    readTorch(bytes, 'hostile.pth')
  } catch (error) {
    return error
  }
  return undefined
}

const floats = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer)
const six: PickledTensor = { length: 6, shape: [2, 3], strides: [3, 1] }

describe('files of torch.save', () => {
  it.each(['zip', 'zip-protocol-4', 'legacy', 'nested'])('%s.pth: every number type, views and strides', (name) => {
    const tensors = readTorch(bytesOf(`${name}.pth`), name)
    const prefix = name === 'nested' ? 'module.' : ''
    expect([...tensors.keys()]).toEqual(Object.keys(values).map((key) => prefix + key))
    for (const [key, expected] of Object.entries(values)) {
      const tensor = tensors.get(prefix + key)
      expect(tensor?.shape, key).toEqual(expected.shape)
      if (tensor) expect([...toFloat32(tensor)], key).toEqual(expected.values.map(Math.fround))
    }
    expect(tensors.get(`${prefix}num_batches_tracked`)?.dtype).toBe('I64')
  })

  it('lays contiguous tensors out as views where the file is aligned', () => {
    const bytes = bytesOf('zip.pth')
    expect(readTorch(bytes, 'zip').get('contiguous')?.data.buffer).toBe(bytes.buffer)
  })

  it('is refused with its code wherever it is cut off, and never read wrongly', () => {
    for (const name of ['zip.pth', 'legacy.pth']) {
      const whole = bytesOf(name)
      for (let length = 0; length < whole.length; length += 37) {
        expect(errorOf(whole.slice(0, length)), `${name} ${length}`).toMatchObject({
          name: 'MsError',
          code: expect.stringMatching(/^checkpoint\./),
        })
      }
    }
  })

  it('with bytes changed at random gives tensors or an MsError, nothing else', () => {
    const random = seededRandom(5)
    for (const name of ['zip.pth', 'legacy.pth']) {
      const whole = bytesOf(name)
      for (let round = 0; round < 300; round++) {
        const broken = whole.slice()
        for (let k = 0; k < 3; k++) broken[random.integer(Math.min(broken.length, 1200))] = random.integer(256)
        const error = errorOf(broken)
        if (error !== undefined) expect(error, `${name} ${round}`).toMatchObject({ name: 'MsError' })
      }
    }
  })
})

describe('no code can run from a checkpoint', () => {
  const inZip = (data: Uint8Array) => storedZip([{ name: 'archive/data.pkl', bytes: data }])
  const hostile: [string, Uint8Array, RegExp][] = [
    ['os.system by REDUCE', pickle('cos\nsystem\n(', unicode('echo'), 'tR.'), /os\.system/],
    ['posix.system', pickle('cposix\nsystem\n(', unicode('echo'), 'tR.'), /posix\.system/],
    ['eval by STACK_GLOBAL', pickle(unicode('builtins'), unicode('eval'), '\x93(', unicode('1'), 'tR.'), /builtins\.eval/],
    ['INST', pickle('(', unicode('echo'), 'ios\nsystem\n.'), /INST/],
    ['OBJ', pickle('(', unicode('echo'), 'o.'), /OBJ/],
    ['NEWOBJ', pickle('ccollections\nOrderedDict\n)\x81.'), /NEWOBJ/],
    ['NEWOBJ_EX', pickle('ccollections\nOrderedDict\n)}\x92.'), /NEWOBJ_EX/],
    ['EXT1', pickle('\x82\x01.'), /EXT1/],
    ['a persistent id as a text line', pickle('Pstorage\n.'), /PERSID/],
    ['a pickle inside a pickle', pickle('ctorch.storage\n_load_from_bytes\n(', unicode('x'), 'tR.'), /_load_from_bytes/],
    ['a whole model', pickle('ctorchvision.models.resnet\nResNet\n)R.'), /torchvision\.models\.resnet\.ResNet/],
    ['a name that objects have of themselves', pickle('cconstructor\nconstructor\n)R.'), /constructor/],
    ['an unknown opcode', pickle('\xff'), /0xff/],
  ]
  it.each(hostile)('%s is refused by name', (_, data, message) => {
    expect(errorOf(inZip(data))).toMatchObject({
      name: 'MsError',
      code: 'checkpoint.unsafe',
      message: expect.stringMatching(message),
      where: 'hostile.pth',
      advice: expect.stringMatching(/Nothing was run/),
    })
  })

  const malformed: [string, Uint8Array][] = [
    ['calling what is no function', pickle('}', '(', 'tR.')],
    ['calling a storage type', pickle('ctorch\nFloatStorage\n)R.')],
    ['setting an item of a text', pickle(unicode('x'), 'NNs.')],
    ['an empty stack', pickle('.')],
    ['no mark', pickle('u.')],
    ['what was never memorised', pickle('h\x05.')],
    ['a state for a list', pickle(']Nb.')],
    ['something left over', pickle('NN.')],
    ['a persistent id of another kind', pickle('(', unicode('module'), 'tQ.')],
    ['a future protocol', Uint8Array.of(0x80, 9, 0x4e, 0x2e)],
  ]
  it.each(malformed)('malformed: %s', (_, data) => expect(errorOf(inZip(data))).toMatchObject({ code: 'checkpoint.pickle' }))

  it('a dictionary key called __proto__ is only a name', () => {
    const tensors = readTorch(torchFile({ ['__proto__']: six }, { 0: floats }), 'x')
    expect([...tensors.keys()]).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['shape']).toBeUndefined()
  })
})

describe('sizes that lie', () => {
  const of = (tensor: Partial<PickledTensor>, storage = floats) => torchFile({ w: { ...six, ...tensor } }, { 0: storage })
  const cases: [string, Uint8Array, string][] = [
    ['a shape beyond the storage', of({ shape: [3, 3] }), 'checkpoint.bounds'],
    ['an offset beyond the storage', of({ offset: 1 }), 'checkpoint.bounds'],
    ['a huge offset', of({ offset: Number.MAX_SAFE_INTEGER }), 'checkpoint.bounds'],
    ['huge strides', of({ strides: [2 ** 52, 2 ** 52] }), 'checkpoint.bounds'],
    ['a huge shape', of({ shape: [2 ** 50, 2 ** 50], strides: [1, 1] }), 'checkpoint.bounds'],
    ['a shape that repeats one number a billion times', of({ shape: [1e9], strides: [0] }), 'checkpoint.size'],
    ['a negative stride', of({ strides: [-1, 1] }), 'checkpoint.pickle'],
    ['a negative offset', of({ offset: -1 }), 'checkpoint.pickle'],
    ['another number of strides', of({ strides: [1] }), 'checkpoint.pickle'],
    ['too many axes', of({ shape: Array(40).fill(1), strides: Array(40).fill(1) }), 'checkpoint.pickle'],
    ['a storage that claims more', of({ length: 7 }), 'checkpoint.size'],
    ['a storage that claims everything', of({ length: Number.MAX_SAFE_INTEGER }), 'checkpoint.size'],
    ['a storage with half a number', of({}, floats.subarray(0, 22)), 'checkpoint.size'],
    ['a storage that is not there', of({ key: '1' }), 'checkpoint.storage'],
    ['a storage of a complex type', of({ type: 'ComplexFloatStorage' }), 'checkpoint.unsafe'],
    ['no tensors', torchFile({}, {}), 'checkpoint.contents'],
  ]
  it.each(cases)('%s', (_, bytes, code) => expect(errorOf(bytes)).toMatchObject({ name: 'MsError', code }))

  it('many transposed views of one storage cannot take many times the file', () => {
    const storage = new Uint8Array(4 * 10_000)
    const view = { length: 10_000, shape: [100, 100], strides: [1, 100] }
    const tensors = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`w${i}`, view]))
    expect(errorOf(torchFile(tensors, { 0: storage }))).toMatchObject({ code: 'checkpoint.size' })
    expect(readTorch(torchFile({ w: view }, { 0: storage }), 'x').get('w')?.data.length).toBe(10_000)
  })
})

describe('archives that lie', () => {
  const data = pickle('}.')
  const entry = { name: 'archive/data.pkl', bytes: data }
  const cases: [string, Uint8Array, string][] = [
    ['a compressed entry (a bomb)', storedZip([{ ...entry, method: 8 }]), 'checkpoint.compressed'],
    ['an encrypted entry', storedZip([{ ...entry, flags: 1 }]), 'checkpoint.zip'],
    ['the same name twice', storedZip([entry, entry]), 'checkpoint.duplicate'],
    [
      'two entries of the same bytes',
      storedZip([entry, { ...entry, name: 'archive/data.pk2', offset: 0, localName: 'archive/data.pk2' }]),
      'checkpoint.zip',
    ],
    ['an entry inside another one', overlapping(), 'checkpoint.overlap'],
    ['an entry longer than the file', storedZip([{ ...entry, size: 5000 }]), 'checkpoint.truncated'],
    ['a size for ZIP64 without its field', storedZip([{ ...entry, size: 0xffffffff }]), 'checkpoint.zip'],
    ['an entry beyond the file', storedZip([{ ...entry, offset: 1e9 }]), 'checkpoint.zip'],
    ['another name in the entry itself', storedZip([{ ...entry, localName: 'archive/data.pkX' }]), 'checkpoint.zip'],
    ['more entries than there are', storedZip([entry], 9), 'checkpoint.zip'],
    ['no pickle', storedZip([{ ...entry, name: 'archive/readme' }]), 'checkpoint.contents'],
    ['big-endian numbers', storedZip([entry, { name: 'archive/byteorder', bytes: new TextEncoder().encode('big') }]), 'checkpoint.endian'],
    ['no directory', joined([storedZip([entry]), new Uint8Array(70_000)]), 'checkpoint.truncated'],
  ]
  it.each(cases)('%s', (_, bytes, code) => expect(errorOf(bytes)).toMatchObject({ name: 'MsError', code }))

  /** The bytes of the first entry hold a second one. */
  function overlapping(): Uint8Array {
    const inner = storedZip([{ name: 'archive/b', bytes: data }]).subarray(0, 30 + 9 + data.length)
    const outer = { name: 'archive/a', bytes: inner }
    return storedZip([outer, { name: 'archive/b', bytes: data, offset: 30 + 9 }])
  }

  it('ZIP64: what torch writes for large files is read, and checked', () => {
    const entries = storedZip([
      { name: 'archive/data.pkl', bytes: torchPickle() },
      { name: 'archive/data/0', bytes: floats },
    ])
    const end = entries.length - 22
    const directory = new DataView(entries.buffer).getUint32(end + 16, true)
    const record = new DataView(new ArrayBuffer(56 + 20))
    record.setUint32(0, 0x06064b50, true)
    record.setBigUint64(4, 44n, true)
    record.setBigUint64(24, 2n, true)
    record.setBigUint64(32, 2n, true)
    record.setBigUint64(40, BigInt(end - directory), true)
    record.setBigUint64(48, BigInt(directory), true)
    record.setUint32(56, 0x07064b50, true)
    record.setBigUint64(64, BigInt(end), true)
    const tail = entries.slice(end)
    new DataView(tail.buffer).setUint32(16, 0xffffffff, true)
    const large = joined([entries.subarray(0, end), new Uint8Array(record.buffer), tail])
    expect([...(readTorch(large, 'x').get('w')?.data ?? [])]).toEqual([0, 1, 2, 3, 4, 5])
    new DataView(large.buffer).setBigUint64(end + 48, 1n << 60n, true)
    expect(errorOf(large)).toMatchObject({ code: 'checkpoint.zip' })
  })

  const torchPickle = () => {
    const whole = torchFile({ w: six }, {})
    return whole.subarray(30 + 'archive/data.pkl'.length, new DataView(whole.buffer, whole.byteOffset).getUint32(18, true) + 46)
  }
})

describe('the format before zip', () => {
  const magic = pickle('\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.')
  const start = (little: boolean) => [
    magic,
    pickle(integer(1001), '.'),
    pickle('}', unicode('little_endian'), little ? '\x88' : '\x89', 's.'),
  ]
  const legacyPickle = (tensor: PickledTensor) => {
    const whole = torchFile({ w: tensor }, {})
    return whole.subarray(46, new DataView(whole.buffer, whole.byteOffset).getUint32(18, true) + 46)
  }
  const length = (numbers: number) => new Uint8Array(BigUint64Array.of(BigInt(numbers)).buffer)
  const legacy = (tail: readonly Uint8Array[], tensor = six, little = true) =>
    joined([...start(little), legacyPickle(tensor), pickle('](', unicode('0'), 'e.'), ...tail])

  it('is read', () => expect([...(readTorch(legacy([length(6), floats]), 'x').get('w')?.data ?? [])]).toEqual([0, 1, 2, 3, 4, 5]))

  const cases: [string, Uint8Array, string][] = [
    ['big-endian numbers', legacy([length(6), floats], six, false), 'checkpoint.endian'],
    ['a storage that claims more bytes than there are', legacy([length(2 ** 50), floats]), 'checkpoint.truncated'],
    ['a storage without its length', legacy([]), 'checkpoint.truncated'],
    ['a storage of another length than the tensor says', legacy([length(5), floats.subarray(0, 20)]), 'checkpoint.size'],
    ['bytes that belong to nothing', legacy([length(6), floats, Uint8Array.of(1)]), 'checkpoint.gap'],
    ['a storage that no tensor names', legacy([length(6), floats], { ...six, key: '7' }), 'checkpoint.storage'],
    ['another version', joined([magic, pickle(integer(1002), '.')]), 'checkpoint.pickle'],
    ['another file', new TextEncoder().encode('<html>'), 'checkpoint.contents'],
  ]
  it.each(cases)('%s', (_, bytes, code) => expect(errorOf(bytes)).toMatchObject({ name: 'MsError', code }))
})
