import { describe, expect, it } from 'vitest'
import { ModuleBuilder, signed, unsigned } from './assembler.js'
import { f32, f32x4, i32, sumLanes, v128 } from './instructions.js'
import { walk } from './loops.js'
import { exponential, hyperbolicTangent, normalDistribution } from './vector-math.js'

describe('numbers of the binary format', () => {
  // Examples of the DWARF standard, section 7.6.
  it.each([
    [2, [2]],
    [127, [127]],
    [128, [0x80, 1]],
    [12857, [57 + 0x80, 100]],
    [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('%i unsigned', (value, bytes) => expect(unsigned(value)).toEqual(bytes))

  it.each([
    [2, [2]],
    [-2, [0x7e]],
    [127, [127 + 0x80, 0]],
    [-127, [1 + 0x80, 0x7f]],
    [128, [0x80, 1]],
    [-128, [0x80, 0x7f]],
    [-0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('%i signed', (value, bytes) => expect(signed(value)).toEqual(bytes))
})

/** A module on a memory of its own, with its numbers as an array. */
function instantiate(write: (module: ModuleBuilder) => void) {
  const module = new ModuleBuilder()
  write(module)
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode(false)), { env: { memory } })
  return { call: exports as Record<string, (...numbers: number[]) => void>, numbers: new Float32Array(memory.buffer) }
}

describe('walk', () => {
  it.each([0, 1, 3, 4, 5, 11])('sees each of %i numbers once', (length) => {
    const { call, numbers } = instantiate((module) =>
      module.add('sumAndDouble', ['i32', 'i32', 'i32', 'i32'], (f, [from, to, bytes, total]) => {
        const sum = f.local(v128.const(0))
        walk(f, [from, to], bytes, (step) => {
          step.store(to, f32x4.mul(step.load(from), v128.const(2)))
          // What a lane beyond the end would add must not count.
          f.set(sum, f32x4.add(sum, step.sum(f32x4.add(step.load(from), v128.const(1)))))
        })
        f.store(total, sumLanes(sum))
      }),
    )
    numbers.fill(-7)
    for (let at = 0; at < length; at++) numbers[at] = at + 1
    call.sumAndDouble(0, 400, length * 4, 800)
    expect([...numbers.subarray(100, 101 + length)]).toEqual([...Array.from({ length }, (_, at) => 2 * (at + 1)), -7])
    expect(numbers[200]).toBe((length * (length + 1)) / 2 + length)
  })
})

describe('calls, branches and shared memory', () => {
  it('a function calls another and takes one of two ways', () => {
    const { call, numbers } = instantiate((module) => {
      module.add('put', ['i32', 'f32'], (f, [address, value]) => f.store(address, value))
      module.add('choose', ['i32'], (f, [which]) => {
        f.if(
          i32.eq(which, i32.const(1)),
          () => f.call('put', i32.const(0), f32.const(1.5)),
          () => f.call('put', i32.const(4), f32.const(-2.5)),
        )
      })
    })
    call.choose(1)
    call.choose(0)
    expect([...numbers.subarray(0, 2)]).toEqual([1.5, -2.5])
  })

  it('a module for shared memory takes no other', () => {
    const module = new ModuleBuilder()
    module.add('nothing', [], () => {})
    const compiled = new WebAssembly.Module(module.encode(true))
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
    expect(new WebAssembly.Instance(compiled, { env: { memory } }).exports).toHaveProperty('nothing')
    expect(() => new WebAssembly.Instance(compiled, { env: { memory: new WebAssembly.Memory({ initial: 1 }) } })).toThrow(
      WebAssembly.LinkError,
    )
  })
})

describe('vector math', () => {
  const { call, numbers } = instantiate((module) => {
    const functions = {
      exponential,
      hyperbolicTangent,
      cumulative: (...parameters: Parameters<typeof normalDistribution>) => normalDistribution(...parameters).cumulative,
    }
    for (const [name, compute] of Object.entries(functions)) {
      module.add(name, ['i32', 'i32', 'i32'], (f, [x, y, bytes]) =>
        walk(f, [x, y], bytes, (step) => step.store(y, compute(f, f.local(step.load(x))))),
      )
    }
  })
  const apply = (name: string, values: number[]) => {
    numbers.set(values)
    call[name](0, 32768, values.length * 4)
    return values.map((value, at) => ({ x: Math.fround(value), y: numbers[8192 + at] }))
  }
  const grid = (from: number, to: number) => Array.from({ length: 2001 }, (_, at) => from + ((to - from) * at) / 2000)

  it('exponential, to 3e-7 of its value', () => {
    for (const { x, y } of apply('exponential', grid(-86, 87))) expect(Math.abs(y / Math.exp(x) - 1)).toBeLessThan(3e-7)
    for (const { y } of apply('exponential', [-1e30, -200])) expect(y).toBeLessThan(1e-37)
  })

  it('hyperbolic tangent, to 3e-7', () => {
    for (const { x, y } of apply('hyperbolicTangent', [...grid(-20, 20), -1e30, 1e30]))
      expect(Math.abs(y - Math.tanh(x))).toBeLessThan(3e-7)
  })

  it('normal distribution, to 3e-7: its reflection, and its integral by the trapezoid rule', () => {
    const values = apply('cumulative', grid(-6, 6))
    let integral = 0
    const density = (x: number) => Math.exp(-x * x * 0.5) / Math.sqrt(2 * Math.PI)
    values.forEach(({ x, y }, at) => {
      if (at > 0) integral += ((x - values[at - 1].x) * (density(x) + density(values[at - 1].x))) / 2
      expect(Math.abs(y - integral)).toBeLessThan(1.5e-6)
      expect(y + values[values.length - 1 - at].y).toBeCloseTo(1, 6)
    })
  })
})
