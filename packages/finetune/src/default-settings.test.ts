import { describe, expect, it } from 'vitest'
import { defaultSettings } from './default-settings.js'

const examples = (count: number) => ({ columns: [Array(count).fill('a'), Array(count).fill('b')] })
const table = (...values: number[]) => ({
  parameters: new Map([['table', { shape: [values.length, 1], data: Float32Array.from(values) }]]),
  lookups: { table: 'ids' },
})

describe('defaultSettings', () => {
  it('steps as far as a table’s rows are long, whatever rows are empty', () => {
    expect(defaultSettings(table(3, -3, 0, 0), examples(5000)).learningRate).toBeCloseTo(0.06, 6)
    expect(defaultSettings(table(0.3, -0.3), examples(5000)).learningRate).toBeCloseTo(0.006, 6)
    expect(defaultSettings(table(0, 0), examples(5000)).learningRate).toBe(0.02)
  })

  it.each([
    [1, 32, 8],
    [500, 32, 8],
    [5800, 128, 8],
    [10_000, 128, 5],
    [1_000_000, 128, 4],
  ])('takes %i examples in batches of %i and %i epochs', (count, batchSize, epochs) => {
    expect(defaultSettings(table(1), examples(count))).toMatchObject({ batchSize, epochs, optimizer: { name: 'adam' } })
  })

  it('treats a network with a table as a network', () => {
    const { parameters, lookups } = table(1)
    const network = { parameters: new Map([...parameters, ['dense.bias', { shape: [1], data: new Float32Array(1) }]]), lookups }
    expect(defaultSettings(network, examples(5000))).toMatchObject({
      batchSize: 32,
      learningRate: 5e-5,
      clip: 1,
      optimizer: { name: 'adamw' },
    })
  })
})
