import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { openEngine } from '../../packages/runtime/src/node/index.js'

interface Sample {
  readonly step: number
  readonly tensors: number
  /** Bytes of the process that lie in memory, pages of files aside. */
  readonly held: number
}

const script = fileURLToPath(new URL('measure.mjs', import.meta.url))

/** A network on the engine that is made for it; on the other, whose steps are slow, one trains a table and a dense layer. */
const cases = [
  { job: 'train', backend: 'traced', model: 'mean, normalised', measured: 1000 },
  { job: 'encode', backend: 'traced', model: 'mean, normalised', measured: 10_000 },
  { job: 'train', backend: 'wasm', model: 'static, dense', measured: 1000 },
  { job: 'encode', backend: 'wasm', model: 'mean, normalised', measured: 1000 },
] as const

const works = async (backend: 'traced' | 'wasm') =>
  openEngine({ backend, threads: 1 }).then(
    (engine) => engine.dispose().then(() => true),
    () => false,
  )

describe('memory', () => {
  for (const { job, backend, model, measured } of cases) {
    const warmUp = measured / 2
    const spacing = warmUp / 5
    it(`is the same before and after ${measured} steps of ${job}, ${backend}`, { timeout: 600_000 }, async ({ skip }) => {
      if (!(await works(backend))) skip(`the ${backend} engine does not work here`)
      const words = ['--expose-gc', script, job, backend, model, String(warmUp + measured), String(spacing)]
      const { stdout } = await promisify(execFile)(process.execPath, words)
      const samples: Sample[] = JSON.parse(stdout)
      const early = samples.filter(({ step }) => step > warmUp / 2 && step <= warmUp + warmUp / 2)
      const late = samples.filter(({ step }) => step > measured)
      expect([early.length, late.length]).toEqual([warmUp / spacing, warmUp / spacing])
      expect(new Set(samples.map(({ tensors }) => tensors)).size).toBe(1)
      // What the collector has not given back yet moves the figure by some per cent, and only upwards: the least of each is what is held.
      const least = (of: readonly Sample[]) => Math.min(...of.map(({ held }) => held))
      expect(least(late)).toBeLessThan(least(early) * 1.05)
    })
  }
})
