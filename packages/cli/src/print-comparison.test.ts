import type { Run } from '@ms/core'
import type { Evaluation } from '@ms/finetune'
import { describe, expect, it } from 'vitest'
import { type SystemName, shownSystems } from './print-comparison.js'

const names = ['keyword', 'base', 'tuned', 'hybrid-base', 'hybrid-tuned'] as const satisfies readonly SystemName[]
const every = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value])) as Record<SystemName, T>
const nothing: Evaluation = { queries: 2, metrics: {}, perQuery: {} }
const found: Run = new Map([
  ['q1', [{ id: 'd1', score: 1 }]],
  ['q2', []],
])
const empty: Run = new Map([
  ['q1', []],
  ['q2', []],
])

describe('shownSystems', () => {
  it('shows all where keywords find something for one query at least', () => {
    expect(shownSystems({ systems: every(nothing), runs: every(found) })).toEqual(names)
  })

  it('leaves out keyword search and what is fused with it where it finds nothing: pictures ask, or have no words', () => {
    expect(shownSystems({ systems: every(nothing), runs: { ...every(found), keyword: empty } })).toEqual(['base', 'tuned'])
  })
})
