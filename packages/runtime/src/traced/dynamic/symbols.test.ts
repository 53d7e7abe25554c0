import { describe, expect, it } from 'vitest'
import { findSymbols, linkMultiples, pointOf, shapesAt } from './symbols.js'

const shapes = (ids: readonly number[], mask: readonly number[], rows: readonly number[] = [100, 8]) =>
  new Map([
    ['input:ids', ids],
    ['input:mask', mask],
    ['trainable:rows', rows],
  ])

const axesOf = (symbols: ReturnType<typeof findSymbols>) => symbols.map(({ axes }) => axes.map(({ name, axis }) => `${name} ${axis}`))

describe('findSymbols', () => {
  it('puts axes of equal size together, and leaves weights alone', () => {
    expect(axesOf(findSymbols([shapes([4, 6], [4, 6])]))).toEqual([
      ['input:ids 0', 'input:mask 0'],
      ['input:ids 1', 'input:mask 1'],
    ])
  })

  it('tells them apart by other shapes that were seen', () => {
    expect(axesOf(findSymbols([shapes([4, 4], [4, 4])]))).toEqual([['input:ids 0', 'input:ids 1', 'input:mask 0', 'input:mask 1']])
    expect(axesOf(findSymbols([shapes([4, 4], [4, 4]), shapes([4, 5], [4, 5])]))).toHaveLength(2)
  })

  it('opens the first axis of a weight that changed', () => {
    const symbols = findSymbols([shapes([4, 6], [4, 6], [120, 8]), shapes([4, 6], [4, 6], [90, 8])])
    expect(axesOf(symbols)).toContainEqual(['trainable:rows 0'])
  })
})

describe('linkMultiples', () => {
  it('makes a size that is always twice another an axis of that', () => {
    const seen = [shapes([8, 6], [4, 6]), shapes([10, 6], [5, 6])]
    const linked = linkMultiples(findSymbols(seen), seen)
    const batch = linked.find(({ axes }) => axes.length === 2 && axes.some(({ factor }) => factor === 2))
    expect(batch?.axes).toEqual([
      { name: 'input:mask', axis: 0, factor: 1 },
      { name: 'input:ids', axis: 0, factor: 2 },
    ])
    expect(pointOf([batch!], shapes([12, 6], [6, 6]))).toEqual([6])
    expect(pointOf([batch!], shapes([12, 6], [7, 6]))).toBeUndefined()
    expect(shapesAt(seen[0], [batch!], [3]).get('input:ids')).toEqual([6, 6])
  })
})
