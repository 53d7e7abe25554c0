import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { constant, cosine, linear, type Schedule } from '../schedules/schedule.js'
import { type AdamOptions, adam, adamw } from './adam.js'
import { type AdamaxOptions, adamax } from './adamax.js'
import { clipScale, globalNorm } from './clip-gradients.js'
import { type NadamOptions, nadam } from './nadam.js'
import { createOptimizer, noDecayOnBiasAndNorm, type ParameterGroup } from './optimizer.js'
import type { OptimizerRule } from './optimizer-rule.js'
import { type SgdOptions, sgd } from './sgd.js'

const numbers = z.array(z.number())
const options = z.record(z.string(), z.unknown())
const golden = z
  .object({
    rates: numbers,
    initial: numbers,
    gradients: z.array(numbers),
    sequences: z.array(z.object({ case: z.string(), rule: z.string(), options, weights: z.array(numbers) })),
    sparse: z.object({
      shape: z.tuple([z.number(), z.number()]),
      initial: numbers,
      options,
      rows: z.array(numbers),
      gradients: z.array(numbers),
      weights: z.array(numbers),
    }),
    clipping: z.object({ gradients: z.array(numbers), maxNorm: z.number(), norm: z.number(), after: z.array(numbers) }),
    schedules: z.array(z.object({ name: z.string(), options, total: z.number(), factors: numbers })),
  })
  .parse(JSON.parse(readFileSync(new URL('../../golden/optimizers.json', import.meta.url), 'utf8')))

const rules: Record<string, (options: Record<string, unknown>) => OptimizerRule> = {
  sgd: (options) => sgd(options as SgdOptions),
  adam: (options) => adam(options as AdamOptions),
  adamw: (options) => adamw(options as AdamOptions),
  nadam: (options) => nadam(options as NadamOptions),
  adamax: (options) => adamax(options as AdamaxOptions),
}

function expectClose(actual: Float32Array, expected: readonly number[], relative: number) {
  const largest = Math.max(...expected.map(Math.abs))
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(relative * largest)
  })
}

const weight = (values: readonly number[], shape: readonly number[] = [values.length]) => ({ shape, data: Float32Array.from(values) })
const one = (name: string, data: readonly number[], rows?: readonly number[]) =>
  new Map([[name, { data: Float32Array.from(data), ...(rows ? { rows: Int32Array.from(rows) } : {}) }]])

describe('optimisers', () => {
  it.each(golden.sequences)('$case: 60 steps as torch.optim', ({ rule, options, weights }) => {
    const w = weight(golden.initial)
    const optimizer = createOptimizer(rules[rule](options), { parameters: new Map([['w', w]]) })
    for (const [step, expected] of weights.entries()) {
      optimizer.step(one('w', golden.gradients[step]), { learningRate: golden.rates[step] })
      expectClose(w.data, expected, 1e-6)
    }
    expect(optimizer.steps).toBe(60)
  })

  it('updates touched rows as torch.optim.SparseAdam', () => {
    const { shape, initial, options, rows, gradients, weights } = golden.sparse
    const table = weight(initial, shape)
    const optimizer = createOptimizer(adam(options as AdamOptions), { parameters: new Map([['table', table]]) })
    for (const [step, expected] of weights.entries()) {
      optimizer.step(one('table', gradients[step], rows[step]), { learningRate: golden.rates[step] })
      expectClose(table.data, expected, 1e-6)
    }
  })

  it.each(Object.keys(rules))('%s: touching all rows is the same as a dense step, whatever their order', (name) => {
    const gradient = golden.gradients[0]
    const turned = [...gradient.slice(6), ...gradient.slice(3, 6), ...gradient.slice(0, 3)]
    const [dense, sparse] = [weight(golden.initial, [3, 3]), weight(golden.initial, [3, 3])]
    const rule = rules[name]({ ...(name === 'sgd' ? { momentum: 0.9 } : { epsilon: 1e-16 }), weightDecay: 0.1 })
    createOptimizer(rule, { parameters: new Map([['w', dense]]) }).step(one('w', gradient), { learningRate: 0.1 })
    createOptimizer(rule, { parameters: new Map([['w', sparse]]) }).step(one('w', turned, [2, 1, 0]), { learningRate: 0.1 })
    expectClose(sparse.data, [...dense.data], 1e-6)
  })

  it('goes on from saved state as if it had never stopped', () => {
    for (const rule of Object.values(rules).map((create) => create({ weightDecay: 0.01 }))) {
      const [through, stopped] = [weight(golden.initial), weight(golden.initial)]
      const first = createOptimizer(rule, { parameters: new Map([['w', through]]) })
      const before = createOptimizer(rule, { parameters: new Map([['w', stopped]]) })
      for (let step = 0; step < 10; step++) {
        first.step(one('w', golden.gradients[step]), { learningRate: 0.1 })
        if (step < 5) before.step(one('w', golden.gradients[step]), { learningRate: 0.1 })
      }
      const after = createOptimizer(rule, { parameters: new Map([['w', stopped]]) })
      after.restore(before.steps, before.state())
      for (let step = 5; step < 10; step++) after.step(one('w', golden.gradients[step]), { learningRate: 0.1 })
      expect(stopped.data).toEqual(through.data)
    }
    const other = createOptimizer(adam(), { parameters: new Map([['v', weight([1])]]) })
    expect(() => other.restore(1, new Map())).toThrow(expect.objectContaining({ code: 'checkpoint.state' }))
  })

  it('treats groups by name', () => {
    const still: ParameterGroup = { match: ['head.*'], learningRateScale: 0 }
    const parameters = new Map(['a.weight', 'a.bias', 'x.LayerNorm.weight', 'head.weight'].map((name) => [name, weight([2])]))
    const optimizer = createOptimizer(sgd({ weightDecay: 0.5 }), { parameters, groups: [still, noDecayOnBiasAndNorm] })
    optimizer.step(new Map([...parameters.keys()].map((name) => [name, { data: Float32Array.of(1) }])), { learningRate: 0.1 })
    const value = (name: string) => parameters.get(name)!.data[0]
    expect(value('a.weight')).toBeCloseTo(2 - 0.1 * (1 + 0.5 * 2), 6)
    expect(value('a.bias')).toBeCloseTo(1.9, 6)
    expect(value('x.LayerNorm.weight')).toBeCloseTo(1.9, 6)
    expect(value('head.weight')).toBe(2)
  })

  it('clips by global norm as torch does, dense and sparse together', () => {
    const { gradients, maxNorm, norm, after } = golden.clipping
    const all = new Map([
      ['dense', { data: Float32Array.from(gradients[0]) }],
      ['rows', { data: Float32Array.from(gradients[1]), rows: Int32Array.of(3, 5) }],
    ])
    expect(globalNorm(all)).toBeCloseTo(norm, 4)
    const scale = clipScale(globalNorm(all), maxNorm)
    const p = weight([0, 0, 0])
    createOptimizer(sgd(), { parameters: new Map([['p', p]]) }).step(one('p', gradients[0]), { learningRate: 1, gradientScale: scale })
    expectClose(
      p.data,
      after[0].map((g) => -g),
      1e-6,
    )
    expect(clipScale(1, 2)).toBe(1)
  })

  it.each([
    () => sgd({ momentum: -1 }),
    () => sgd({ nesterov: true }),
    () => adam({ betas: [1, 0.9] }),
    () => adamw({ epsilon: Number.NaN }),
    () => nadam({ weightDecay: -0.1 }),
    () => adamax({ betas: [0.9, 2] }),
  ])('refuses settings that make no sense: %s', (create) => {
    expect(create).toThrow(expect.objectContaining({ code: 'optimizer.setting' }))
  })
})

describe('schedules', () => {
  const create: Record<string, (options: object) => Schedule> = { constant, linear, cosine }
  it.each(golden.schedules)('$name $options: as transformers', ({ name, options, total, factors }) => {
    const schedule = create[name](options)
    for (const [step, expected] of factors.entries()) expect(schedule.factor(step, total)).toBeCloseTo(expected, 12)
  })
  it('refuses a warm-up that is neither share nor steps', () => {
    for (const warmup of [-1, 1.5, Number.NaN]) {
      expect(() => linear({ warmup })).toThrow(expect.objectContaining({ code: 'schedule.warmup' }))
    }
  })
})
