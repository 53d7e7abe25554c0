import { memoryFiles, seededRandom } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckpointTensor } from '../checkpoint/checkpoint-tensor.js'
import { encodeFloat16 } from '../checkpoint/half-float.js'
import { quantizeRows } from '../checkpoint/int8-rows.js'
import { writeSafetensors } from '../checkpoint/write-safetensors.js'
import { loadStaticTable, tableParameters } from './load-static-table.js'
import { staticEmbedding } from './static-embedding.js'
import { meanRows, type StaticTable } from './static-table.js'

const random = seededRandom(31)
const count = 50
const width = 7
const rows = Float32Array.from({ length: count * width }, () => random.normal())
const table: StaticTable = { kind: 'float32', rows, count, width }

/** Texts of 0 to 12 tokens. */
function texts(number: number) {
  const offsets = new Int32Array(number + 1)
  const ids: number[] = []
  for (let i = 0; i < number; i++) {
    for (let k = random.integer(13); k > 0; k--) ids.push(random.integer(count))
    offsets[i + 1] = ids.length
  }
  return { ids: Int32Array.from(ids), offsets }
}

/** The definition, in the plainest form. */
function expectedMeans(values: ArrayLike<number>, { ids, offsets }: ReturnType<typeof texts>): number[] {
  return Array.from(offsets.subarray(1), (end, text) => {
    const own = ids.subarray(offsets[text], end)
    return Array.from({ length: width }, (_, i) => own.reduce((sum, id) => sum + values[id * width + i], 0) / Math.max(1, own.length))
  }).flat()
}

const expectClose = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) => {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < actual.length; i++) expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(tolerance)
}

describe('meanRows', () => {
  it('is the mean of the rows, zeros without tokens, in float32 and int8', () => {
    const batch = texts(200)
    expectClose(meanRows(table, batch), expectedMeans(rows, batch), 1e-6)
    const { rows: small, scale } = quantizeRows(rows, width)
    const restored = Array.from(small, (value, i) => value * scale[Math.floor(i / width)])
    expectClose(meanRows({ kind: 'int8', rows: small, scale, count, width }, batch), expectedMeans(restored, batch), 1e-6)
    expect([...meanRows(table, { ids: new Int32Array(0), offsets: Int32Array.of(0, 0) })]).toEqual(Array(width).fill(0))
    expect(meanRows(table, { ids: new Int32Array(0), offsets: Int32Array.of(0) }).length).toBe(0)
  })

  it('refuses ids without a row, and offsets that are none', () => {
    for (const id of [-1, count]) {
      for (const place of [0, 5]) {
        const ids = new Int32Array(6)
        ids[place] = id
        expect(() => meanRows(table, { ids, offsets: Int32Array.of(0, 6) })).toThrow(expect.objectContaining({ code: 'inputs.ids' }))
      }
    }
    for (const offsets of [[], [1, 2], [0, 1], [0, 3, 1, 2]]) {
      expect(() => meanRows(table, { ids: new Int32Array(2), offsets: Int32Array.from(offsets) })).toThrow(
        expect.objectContaining({ code: 'inputs.shape' }),
      )
    }
  })
})

describe.each(['cpu', 'wasm'] as const)('the table on %s', (backend) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend, threads: 1 })
  })
  afterAll(() => engine.dispose())

  it('gives what the direct path gives', async () => {
    const backbone = staticEmbedding.create({ vocab_size: count, hidden_size: width })
    const compiled = await engine.compile(
      (weights, inputs) => {
        const hidden = backbone.forward(inputs, weights, { training: false })
        if (hidden.kind !== 'pooled') throw new TypeError('a table gives one vector a text')
        return { pooled: hidden.pooled }
      },
      { constants: tableParameters(table) },
    )
    const batch = texts(40)
    const { pooled } = await compiled.run({
      ids: { shape: [batch.ids.length], data: batch.ids },
      offsets: { shape: [batch.offsets.length], data: batch.offsets },
    })
    expect(pooled.shape).toEqual([40, width])
    expectClose(pooled.data, meanRows(table, batch), 1e-6)
    compiled.dispose()
  })
})

describe('loadStaticTable', () => {
  const filesOf = (tensors: Record<string, CheckpointTensor>) =>
    memoryFiles({ '0_StaticEmbedding/model.safetensors': writeSafetensors(new Map(Object.entries(tensors))) })
  const load = (tensors: Record<string, CheckpointTensor>) => loadStaticTable(filesOf(tensors), { folder: '0_StaticEmbedding' })
  const weight: CheckpointTensor = { dtype: 'F32', shape: [count, width], data: rows }

  it('reads float32, float16 and int8', async () => {
    expect(await load({ 'embedding.weight': weight })).toEqual(table)
    const half = await load({ 'embedding.weight': { dtype: 'F16', shape: [count, width], data: encodeFloat16(rows) } })
    expectClose(half.rows, rows, 2e-3)
    const { rows: small, scale } = quantizeRows(rows, width)
    const int8 = await load({
      'embedding.weight': { dtype: 'I8', shape: [count, width], data: small },
      'embedding.scale': { dtype: 'F32', shape: [count], data: scale },
    })
    expect(int8).toEqual({ kind: 'int8', rows: small, scale, count, width })
    expectClose(tableParameters(int8).get('embedding.weight')?.data ?? [], rows, 0.02)
  })

  it("folds model2vec's factors and mapping into one row a token", async () => {
    const embeddings: CheckpointTensor = { dtype: 'F32', shape: [2, 2], data: new Float32Array([1, 2, 10, 20]) }
    const weights: CheckpointTensor = { dtype: 'F64', shape: [3], data: new Float64Array([0.5, 1, 2]) }
    const mapping: CheckpointTensor = { dtype: 'I64', shape: [3], data: new BigInt64Array([1n, 0n, 1n]) }
    expect([...(await load({ embeddings, weights, mapping })).rows]).toEqual([5, 10, 1, 2, 20, 40])
    expect([...(await load({ embeddings, mapping })).rows]).toEqual([10, 20, 1, 2, 10, 20])
    expect([...(await load({ embeddings })).rows]).toEqual([1, 2, 10, 20])
    const beyond: CheckpointTensor = { dtype: 'I64', shape: [1], data: new BigInt64Array([2n]) }
    await expect(load({ embeddings, mapping: beyond })).rejects.toMatchObject({ code: 'weights.shape' })
    await expect(load({ embeddings, weights })).rejects.toMatchObject({ code: 'weights.shape' })
  })

  const scale: CheckpointTensor = { dtype: 'F32', shape: [count - 1], data: new Float32Array(count - 1) }
  const small: CheckpointTensor = { dtype: 'I8', shape: [count, width], data: new Int8Array(count * width) }
  const bad: [string, Record<string, CheckpointTensor>, string][] = [
    ['no table', { other: weight }, 'weights.missing'],
    ['int8 without scales', { 'embedding.weight': small }, 'weights.missing'],
    ['int8 with too few scales', { 'embedding.weight': small, 'embedding.scale': scale }, 'weights.missing'],
    ['a table of one dimension', { 'embedding.weight': { dtype: 'F32', shape: [3], data: new Float32Array(3) } }, 'weights.shape'],
    ['integers', { 'embedding.weight': { dtype: 'I32', shape: [1, 1], data: new Int32Array(1) } }, 'weights.dtype'],
    ['NaN', { 'embedding.weight': { dtype: 'F32', shape: [1, 2], data: new Float32Array([0, Number.NaN]) } }, 'weights.nan'],
  ]
  it.each(bad)('says so: %s', async (_, tensors, code) => {
    await expect(load(tensors)).rejects.toMatchObject({ name: 'MsError', code })
  })

  it('staticEmbedding checks its configuration', () => {
    expect(() => staticEmbedding.parseConfig({ vocab_size: 0, hidden_size: 3 }, 'x')).toThrow(
      expect.objectContaining({ code: 'config.invalid', message: expect.stringContaining('vocab_size') }),
    )
    expect(
      staticEmbedding.create(staticEmbedding.parseConfig({ vocab_size: 4, hidden_size: 3 }, 'x')).shapes.get('embedding.weight'),
    ).toEqual([4, 3])
  })
})
