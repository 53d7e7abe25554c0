import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { type CheckpointTensor, toFloat32 } from './checkpoint-tensor.js'
import { readSafetensors } from './read-safetensors.js'
import { writeSafetensors } from './write-safetensors.js'

/** A file from a header (text or object) and data bytes, with nothing checked. */
function fileOf(header: unknown, data: Uint8Array | number = 0, claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const body = typeof data === 'number' ? new Uint8Array(data) : data
  const bytes = new Uint8Array(8 + text.length + body.length)
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(body, 8 + text.length)
  return bytes
}

const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({ dtype: 'F32', shape, data_offsets: [begin, end] })

const everyDtype: [string, CheckpointTensor][] = [
  ['f64', { dtype: 'F64', shape: [2], data: new Float64Array([1.5, -2]) }],
  ['f32', { dtype: 'F32', shape: [2, 1], data: new Float32Array([0.1, 3]) }],
  ['f16', { dtype: 'F16', shape: [3], data: new Uint16Array([0x3c00, 0xc000, 0x0001]) }],
  ['bf16', { dtype: 'BF16', shape: [2], data: new Uint16Array([0x3f80, 0xc2f7]) }],
  ['i64', { dtype: 'I64', shape: [2], data: new BigInt64Array([-5n, 7n]) }],
  ['i32', { dtype: 'I32', shape: [1], data: new Int32Array([-9]) }],
  ['i16', { dtype: 'I16', shape: [1], data: new Int16Array([-300]) }],
  ['i8', { dtype: 'I8', shape: [3], data: new Int8Array([-127, 0, 127]) }],
  ['u8', { dtype: 'U8', shape: [1, 2], data: new Uint8Array([0, 255]) }],
  ['bool', { dtype: 'BOOL', shape: [2], data: new Uint8Array([1, 0]) }],
  ['scalar', { dtype: 'F32', shape: [], data: new Float32Array([4]) }],
  ['empty', { dtype: 'F32', shape: [0, 3], data: new Float32Array(0) }],
]

describe('safetensors', () => {
  it('reads back every number type, shape and text that was written', () => {
    const { tensors, metadata } = readSafetensors(writeSafetensors(new Map(everyDtype), { format: 'pt', ünï: '"\\' }), 'x')
    expect(metadata).toEqual({ format: 'pt', ünï: '"\\' })
    expect(tensors.size).toBe(everyDtype.length)
    for (const [name, tensor] of everyDtype) expect(tensors.get(name)).toEqual(tensor)
  })

  it('writes the same bytes in whatever order the tensors come, aligned for a reader without copies', () => {
    const bytes = writeSafetensors(new Map(everyDtype), { b: '1', a: '2' })
    expect(writeSafetensors(new Map([...everyDtype].reverse()), { a: '2', b: '1' })).toEqual(bytes)
    for (const { data } of readSafetensors(bytes, 'x').tensors.values()) {
      if (data.length > 0) expect(data.buffer).toBe(bytes.buffer)
    }
  })

  it('copies where the data is not aligned', () => {
    const data = new Uint8Array([7, ...new Uint8Array(new Float32Array([1, 2]).buffer)])
    const file = fileOf({ a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] }, b: f32(1, 9) }, data)
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(file.length + shift).subarray(shift)
      moved.set(file)
      expect(readSafetensors(moved, 'x').tensors.get('b')?.data).toEqual(new Float32Array([1, 2]))
    }
  })

  it('keeps names that JavaScript treats specially', () => {
    const names = ['__proto__', 'constructor', '10', '2', 'toString']
    const written = writeSafetensors(new Map(names.map((name, i) => [name, { dtype: 'F32', shape: [1], data: new Float32Array([i]) }])))
    const { tensors } = readSafetensors(written, 'x')
    expect([...tensors.keys()].sort()).toEqual([...names].sort())
    names.forEach((name, i) => {
      expect(tensors.get(name)?.data[0]).toBe(i)
    })
  })

  it('refuses to write data that does not fit its shape, and the reserved name', () => {
    const wrong = new Map<string, CheckpointTensor>([['a', { dtype: 'F32', shape: [3], data: new Float32Array(2) }]])
    expect(() => writeSafetensors(wrong)).toThrow(expect.objectContaining({ code: 'checkpoint.size' }))
    const reserved = new Map<string, CheckpointTensor>([['__metadata__', { dtype: 'F32', shape: [1], data: new Float32Array(1) }]])
    expect(() => writeSafetensors(reserved)).toThrow(expect.objectContaining({ code: 'checkpoint.name' }))
  })
})

describe('a safetensors file that lies', () => {
  const good = { a: f32(0, 8), b: f32(8, 12) }
  const cases: [string, Uint8Array, string][] = [
    ['is empty', new Uint8Array(0), 'truncated'],
    ['has 7 bytes', new Uint8Array(7), 'truncated'],
    ['ends within the header', fileOf(good, 12).slice(0, 30), 'truncated'],
    ['ends within the data', fileOf(good, 11), 'truncated'],
    ['claims a header longer than the file', fileOf(good, 12, 5000n), 'truncated'],
    ['claims a header beyond the limit', fileOf(good, 12, 100_000_001n), 'header'],
    ['claims a header of 2^64 − 1 bytes', fileOf(good, 12, 0xffffffffffffffffn), 'header'],
    ['is a Git LFS pointer', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:0'), 'header'],
    ['has a header that is not JSON', fileOf('{"a": '), 'header'],
    ['has a header that is not UTF-8', fileOf('\u0000', 0).map((byte, i) => (i === 8 ? 0xff : byte)), 'header'],
    ['has a header that is a list', fileOf([]), 'header'],
    ['has metadata that is no text', fileOf({ __metadata__: { a: 1 } }), 'header'],
    ['has an entry without offsets', fileOf({ a: { dtype: 'F32', shape: [1] } }, 4), 'header'],
    ['has a negative size', fileOf({ a: f32(0, 4, [-1]) }, 4), 'header'],
    ['has a fractional size', fileOf({ a: f32(0, 4, [0.5, 2]) }, 4), 'header'],
    ['has a size beyond exact integers', fileOf({ a: f32(0, 4, [1e300]) }, 4), 'header'],
    ['has a negative offset', fileOf({ a: f32(-4, 0, [1]) }, 4), 'header'],
    ['has an unknown number type', fileOf({ a: { dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] } }, 4), 'dtype'],
    ['has fewer bytes than the shape needs', fileOf({ a: f32(0, 4, [2]) }, 4), 'size'],
    ['has more bytes than the shape needs', fileOf({ a: f32(0, 8, [1]) }, 8), 'size'],
    ['has sizes whose product overflows', fileOf({ a: f32(0, 4, [2 ** 40, 2 ** 40, 0.25 * 2 ** 40]) }, 4), 'size'],
    ['ends a tensor before it begins', fileOf({ a: f32(8, 4, [1]) }, 12), 'bounds'],
    ['gives two tensors the same bytes', fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12), 'overlap'],
    ['leaves bytes between tensors', fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12), 'gap'],
    ['leaves bytes before the first', fileOf({ a: f32(4, 8) }, 8), 'gap'],
    ['leaves bytes at the end', fileOf(good, 16), 'gap'],
    [
      'names a tensor twice',
      fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      'duplicate',
    ],
  ]
  it.each(cases)('%s', (_, bytes, code) => {
    expect(() => readSafetensors(bytes, 'model.safetensors')).toThrow(
      expect.objectContaining({ name: 'MsError', code: `checkpoint.${code}`, where: 'model.safetensors' }),
    )
  })

  it('never crashes on a damaged byte: an MsError, or a file that is still consistent', () => {
    const bytes = writeSafetensors(new Map(everyDtype), { format: 'pt' })
    const random = seededRandom(7)
    for (let i = 0; i < 3000; i++) {
      const damaged = bytes.slice(0, random.integer(10) === 0 ? random.integer(bytes.length) : bytes.length)
      for (let k = 0; k <= random.integer(3) && damaged.length > 0; k++) damaged[random.integer(damaged.length)] = random.integer(256)
      try {
        for (const { shape, data } of readSafetensors(damaged, 'x').tensors.values())
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1))
      } catch (error) {
        expect(error).toMatchObject({ name: 'MsError', code: expect.stringMatching(/^checkpoint\./) })
      }
    }
  })
})

describe('toFloat32', () => {
  it('is the same memory for float32', () => {
    const tensor: CheckpointTensor = { dtype: 'F32', shape: [1], data: new Float32Array([1]) }
    expect(toFloat32(tensor)).toBe(tensor.data)
  })
  it('widens every other number type', () => {
    const values = Object.fromEntries(everyDtype.map(([name, tensor]) => [name, [...toFloat32(tensor)]]))
    expect(values).toMatchObject({
      f64: [1.5, -2],
      f16: [1, -2, 2 ** -24],
      bf16: [1, -123.5],
      i64: [-5, 7],
      i8: [-127, 0, 127],
      u8: [0, 255],
    })
  })
})
