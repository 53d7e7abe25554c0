import { readFileSync } from 'node:fs'
import type { HostTensor } from '@ms/core/tensor'
import { fusedMemory } from '@ms/runtime'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { constant, cosine, linear, type Schedule } from '../schedules/schedule.js'
import { type AdamOptions, adam, adamw } from './adam.js'
import { type AdamaxOptions, adamax } from './adamax.js'
import { clipScale, gradientNorm } from './gradient-norm.js'
import { type NadamOptions, nadam } from './nadam.js'
import { createOptimizer, type Gradient, noDecayOnBiasAndNorm, type ParameterGroup } from './optimizer.js'
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

const weight = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from(values),
})
const one = (name: string, data: readonly number[], rows?: readonly number[]) =>
  new Map([[name, { data: Float32Array.from(data), ...(rows ? { rows: Int32Array.from(rows) } : {}) }]])

describe('optimisers', () => {
  it.each(golden.sequences)('$case: 60 steps as torch.optim', ({ rule, options, weights }) => {
    const optimizer = createOptimizer(rules[rule](options), { parameters: new Map([['w', weight(golden.initial)]]) })
    const w = optimizer.parameters.get('w')!
    for (const [step, expected] of weights.entries()) {
      optimizer.step(one('w', golden.gradients[step]), { learningRate: golden.rates[step] })
      expectClose(w.data, expected, 1e-6)
    }
    expect(optimizer.steps).toBe(60)
  })

  it('updates touched rows as torch.optim.SparseAdam', () => {
    const { shape, initial, options, rows, gradients, weights } = golden.sparse
    const optimizer = createOptimizer(adam(options as AdamOptions), { parameters: new Map([['table', weight(initial, shape)]]) })
    const table = optimizer.parameters.get('table')!
    for (const [step, expected] of weights.entries()) {
      optimizer.step(one('table', gradients[step], rows[step]), { learningRate: golden.rates[step] })
      expectClose(table.data, expected, 1e-6)
    }
  })

  it.each(Object.keys(rules))('%s: touching all rows is the same as a dense step, whatever their order', (name) => {
    const gradient = golden.gradients[0]
    const turned = [...gradient.slice(6), ...gradient.slice(3, 6), ...gradient.slice(0, 3)]
    const rule = rules[name]({ ...(name === 'sgd' ? { momentum: 0.9 } : { epsilon: 1e-16 }), weightDecay: 0.1 })
    const stepped = (data: readonly number[], rows?: readonly number[]) => {
      const optimizer = createOptimizer(rule, { parameters: new Map([['w', weight(golden.initial, [3, 3])]]) })
      optimizer.step(one('w', data, rows), { learningRate: 0.1 })
      return optimizer.parameters.get('w')!.data
    }
    expectClose(stepped(turned, [2, 1, 0]), [...stepped(gradient)], 1e-6)
  })

  it.each(Object.keys(rules))('%s: gradients in its own arrays are as good as others', (name) => {
    const rule = rules[name]({ weightDecay: 0.1, ...(name === 'sgd' ? { momentum: 0.9 } : {}) })
    const parameters = new Map([
      ['w', weight(golden.initial)],
      ['table', weight(golden.initial, [3, 3])],
      ['b', weight([1, 2])],
    ])
    const given = (step: number) =>
      new Map([
        ...one('w', golden.gradients[step]),
        ...one('table', golden.gradients[step].slice(3), [2, 0]),
        ...one('b', golden.gradients[step].slice(0, 2)),
      ])
    const [own, others] = [0, 1].map(() => createOptimizer(rule, { parameters, sparse: new Set(['table']) }))
    expect([...own.gradients.keys()]).toEqual(['w', 'b'])
    for (let step = 0; step < 3; step++) {
      const gradients = given(step)
      const inside: Map<string, Gradient> = new Map(gradients)
      for (const [name, { data }] of own.gradients) {
        data.set(gradients.get(name)!.data)
        inside.set(name, { data })
      }
      expect(own.gradientNorm(inside)).toBe(others.gradientNorm(gradients))
      own.step(inside, { learningRate: 0.1, gradientScale: 0.5 })
      others.step(gradients, { learningRate: 0.1, gradientScale: 0.5 })
      expect(own.parameters).toEqual(others.parameters)
      expect(own.state()).toEqual(others.state())
      for (const [name, { data }] of own.gradients) expect(data).toEqual(gradients.get(name)!.data)
    }
  })

  it('leaves the weights it was given as they were', () => {
    const given = weight(golden.initial)
    createOptimizer(sgd(), { parameters: new Map([['w', given]]) }).step(one('w', golden.gradients[0]), { learningRate: 1 })
    expect(given).toEqual(weight(golden.initial))
  })

  it('goes on from saved state as if it had never stopped', () => {
    for (const rule of Object.values(rules).map((create) => create({ weightDecay: 0.01 }))) {
      const create = (initial = weight(golden.initial)) => createOptimizer(rule, { parameters: new Map([['w', initial]]) })
      const run = (optimizer: ReturnType<typeof create>, from: number, to: number) => {
        for (let step = from; step < to; step++) optimizer.step(one('w', golden.gradients[step]), { learningRate: 0.1 })
        return optimizer
      }
      const through = run(create(), 0, 10)
      const before = run(create(), 0, 5)
      const after = create(before.parameters.get('w'))
      after.restore(before.steps, before.state())
      run(after, 5, 10)
      expect(after.parameters).toEqual(through.parameters)
      expect(after.state()).toEqual(through.state())
    }
    const other = createOptimizer(adam(), { parameters: new Map([['v', weight([1])]]) })
    expect(() => other.restore(1, new Map())).toThrow(expect.objectContaining({ code: 'checkpoint.state' }))
  })

  it('treats groups by name', () => {
    const still: ParameterGroup = { match: ['head.*'], learningRateScale: 0 }
    const parameters = new Map(['a.weight', 'a.bias', 'x.LayerNorm.weight', 'head.weight'].map((name) => [name, weight([2])]))
    const optimizer = createOptimizer(sgd({ weightDecay: 0.5 }), { parameters, groups: [still, noDecayOnBiasAndNorm] })
    optimizer.step(new Map([...parameters.keys()].map((name) => [name, { data: Float32Array.of(1) }])), { learningRate: 0.1 })
    const value = (name: string) => optimizer.parameters.get(name)!.data[0]
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
    const measured = gradientNorm(fusedMemory())(all)
    expect(measured).toBeCloseTo(norm, 4)
    const optimizer = createOptimizer(sgd(), { parameters: new Map([['p', weight([0, 0, 0])]]) })
    optimizer.step(one('p', gradients[0]), { learningRate: 1, gradientScale: clipScale(measured, maxNorm) })
    expectClose(
      optimizer.parameters.get('p')!.data,
      after[0].map((g) => -g),
      1e-6,
    )
    expect(clipScale(1, 2)).toBe(1)
  })

  it.each([100_001, 300_001])('takes the norm of long gradients, and tells when one is not finite: %d', (length) => {
    const norm = gradientNorm(fusedMemory())
    const data = Float32Array.from({ length }, (_, i) => Math.sin(i))
    const exact = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0))
    for (let round = 0; round < 2; round++) expect(Math.abs(norm(new Map([['g', { data }]])) / exact - 1)).toBeLessThan(1e-6)
    for (const at of [length - 1, 120_000, 90_000].filter((at) => at < length)) {
      const broken = data.slice()
      broken[at] = Number.NaN
      expect(norm(new Map([['g', { data: broken }]]))).toBeNaN()
    }
    expect(norm(new Map([['g', { data: data.fill(Number.NaN, 50, 51) }]]))).toBeNaN()
    expect(norm(new Map([['g', { data: Float32Array.of(1, Number.POSITIVE_INFINITY) }]]))).toBe(Number.POSITIVE_INFINITY)
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
