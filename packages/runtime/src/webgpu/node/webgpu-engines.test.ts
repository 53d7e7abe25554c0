import type { Engine } from '@ms/core/tensor'
import { afterAll, describe, expect, it } from 'vitest'
import { probeEngine } from '../../engine-probe.js'
import { trainingLosses, trainingProblems } from '../../fixtures/training-losses.js'
import { openEngine } from '../../node/open-engine.js'
import { hasVulkanDriver } from './vulkan-driver.js'

const ways = ['webgpu-traced', 'webgpu-eager'] as const

const opened: { name: string; engine?: Engine; reason?: string }[] = []
for (const name of ways) {
  await openEngine({ backend: name, threads: 1 }).then(
    (engine) => opened.push({ name, engine }),
    (error: Error) => opened.push({ name, reason: error.message.split('\n')[0] }),
  )
}
afterAll(async () => {
  for (const { engine } of opened) await engine?.dispose()
})

/** A software device makes a shader for each new shape, which takes seconds: one batch, again and again. */
const steps = 4
const problems = Object.entries(trainingProblems).map(
  ([name, problem]) => [name, { ...problem, batches: problem.batches.slice(0, 1) }] as const,
)

for (const { name, engine, reason } of opened) {
  describe.skipIf(!engine)(`${name}${reason ? ` (${reason})` : ''}`, () => {
    it('computes a known result and gradient', () => probeEngine(engine!))

    it.each(problems)('trains %s as wasm does', { timeout: 300_000 }, async (_, problem) => {
      const wasm = await openEngine({ backend: 'wasm', threads: 1 })
      const expected = await trainingLosses(wasm, problem, steps).finally(() => wasm.dispose())
      const before = engine!.memory()
      const losses = await trainingLosses(engine!, problem, steps)
      for (const [at, loss] of losses.entries()) expect(Math.abs(loss - expected[at]), `step ${at}`).toBeLessThan(1e-5)
      expect(engine!.memory()).toEqual(before)
    })
  })
}

describe('hasVulkanDriver', () => {
  it('looks where the loader of Vulkan looks, on Linux', () => {
    const nowhere = { XDG_DATA_DIRS: '/nowhere', XDG_DATA_HOME: '/nowhere' }
    expect(hasVulkanDriver({ ...nowhere, VK_ICD_FILENAMES: '/x.json' }, 'linux')).toBe(true)
    expect(hasVulkanDriver(nowhere, 'darwin')).toBe(true)
    expect(typeof hasVulkanDriver(nowhere, 'linux')).toBe('boolean')
  })
})
