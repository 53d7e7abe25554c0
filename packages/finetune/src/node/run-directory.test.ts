import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toyEncoder, toyLoss } from '../fixtures/toy-encoder.js'
import { adamw } from '../optimizers/adam.js'
import { cosine } from '../schedules/schedule.js'
import { finish, train } from '../train/train.js'
import { checkpointDirectory } from './checkpoint-directory.js'
import { openRunDirectory } from './run-directory.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-run-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const words = 'apple bread chair dance eagle flute grape house igloo joker knife lemon'.split(' ')

async function training(path: string, { resume = false, stopAt = Number.POSITIVE_INFINITY } = {}) {
  const run = await openRunDirectory(path, { resume })
  const engine = await createEagerEngine({ backend: 'cpu' })
  const controller = new AbortController()
  const values = [0.2, 0.5, 0.4, 0.45]
  let evaluations = 0
  try {
    const result = await finish(
      train({
        encoder: toyEncoder(),
        examples: { kind: 'pair', columns: [words, words.map((word) => word.toUpperCase())] },
        loss: toyLoss,
        engine,
        settings: { epochs: 3, batchSize: 4, learningRate: 0.02, optimizer: adamw(), schedule: cosine({ warmup: 0.1 }) },
        evaluate: async () => ({ 'ndcg@10': values[evaluations++] }),
        checkpoints: run.checkpoints,
        checkpointSteps: 2,
        resume,
        signal: controller.signal,
      }),
      async (event) => {
        await run.append(event)
        if (event.type === 'step' && event.step === stopAt) controller.abort()
      },
    )
    await run.record('done', { seed: 1 })
    return result
  } finally {
    await run.close()
    await engine.dispose()
  }
}

const steps = async (path: string) =>
  (await readFile(join(path, 'events.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line): { type: string; step: number; loss: number } => JSON.parse(line))
    .filter(({ type }) => type === 'step')
    .map(({ step, loss }) => [step, loss])

describe('openRunDirectory', () => {
  it('leaves, after a stop and going on from disk, the same events and weights as an unbroken run', async () => {
    const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')]
    const result = await training(whole)
    expect(await readdir(whole)).toEqual(['checkpoints', 'events.jsonl', 'run.json'])
    await writeFile(join(folder, 'untouched'), '')
    await expect(training(broken, { stopAt: 5 })).rejects.toThrow()
    await writeFile(join(broken, 'run.json'), '{}')
    const events = join(broken, 'events.jsonl')
    const size = (await readFile(events)).length
    await writeFile(events, '{"type":"step","step":6,"loss":9}\n{"type":"st', { flag: 'a' })
    expect((await readFile(events)).length).toBeGreaterThan(size)
    const resumed = await training(broken, { resume: true })
    expect(await steps(broken)).toEqual(await steps(whole))
    expect(resumed.encoder.parameters).toEqual(result.encoder.parameters)
  })
  it('begins a run anew, but touches no folder that is not a run', async () => {
    const path = join(folder, 'again')
    await training(path)
    const first = await steps(path)
    await training(path)
    expect(await steps(path)).toEqual(first)
    await mkdir(join(folder, 'other'))
    await writeFile(join(folder, 'other', 'thesis.doc'), 'x')
    await expect(openRunDirectory(join(folder, 'other'))).rejects.toMatchObject({ code: 'run.folder' })
    await expect(openRunDirectory(join(folder, 'untouched'))).rejects.toMatchObject({ code: 'file.unwritable' })
    await expect(openRunDirectory(join(folder, 'new'), { resume: true })).rejects.toMatchObject({ code: 'run.nothing-to-resume' })
  })
})

describe('checkpointDirectory', () => {
  it('refuses what a crash or another program left behind', async () => {
    const path = join(folder, 'whole', 'checkpoints')
    const weights = join(path, 'latest', 'weights.safetensors')
    await truncate(weights, (await readFile(weights)).length - 8)
    await expect(checkpointDirectory(path).load()).rejects.toMatchObject({ code: expect.stringMatching(/^checkpoint\./), where: weights })
    await writeFile(join(path, 'latest', 'state.json'), '{"version": 2}')
    await expect(checkpointDirectory(path).load()).rejects.toMatchObject({ code: 'checkpoint.state' })
    expect(await checkpointDirectory(join(folder, 'none')).load()).toBeUndefined()
  })
})
