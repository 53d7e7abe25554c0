import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTerminal } from '@ms/cli'
import type { Engine } from '@ms/core/tensor'
import { encoderSpace, vectorCache } from '@ms/embed'
import { openEncoder as openSaved } from '@ms/embed/node'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Task, tasks } from './data.js'
import { openEncoder } from './encoder.js'
import { trainOn } from './train.js'

let folder: string
let task: Task
let engine: Engine
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-example-'))
  task = await tasks.news()
  engine = await openEngine({ threads: 1 })
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true, force: true })
})

const options = async (name: string, signal = new AbortController().signal) => ({
  encoder: await openEncoder(),
  engine,
  cache: vectorCache(),
  out: join(folder, name),
  seed: 3,
  terminal: { ...createTerminal({ json: false, quiet: true }), print: () => undefined },
  signal,
})
const losses = async (name: string) =>
  (await readFile(join(folder, name, 'events.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line): { type: string; loss?: number } => JSON.parse(line))
    .filter(({ type }) => type === 'step')
    .map(({ loss }) => loss)
const state = async (name: string) => JSON.parse(await readFile(join(folder, name, 'run.json'), 'utf8'))

describe('trainOn', () => {
  it('leaves a run whose model is the one it returns, and the same losses for the same seed', async () => {
    const { tuned } = await trainOn(task, await options('one'))
    expect(await state('one')).toMatchObject({ state: 'done', data: { name: 'news', documents: 623 }, settings: { seed: 3 } })
    const saved = await openSaved(join(folder, 'one'))
    expect(await encoderSpace(saved)).toBe(await encoderSpace(tuned.text!))
    await trainOn(task, await options('two'))
    const first = await losses('one')
    expect(first.length).toBeGreaterThan(10)
    expect(await losses('two')).toEqual(first)
    expect(await encoderSpace(await openSaved(join(folder, 'two')))).toBe(await encoderSpace(saved))
  })

  it('says so in run.json when it was stopped, and leaves no model', async () => {
    const controller = new AbortController()
    const stopped = await options('stopped', controller.signal)
    controller.abort()
    await expect(trainOn(task, stopped)).rejects.toThrow()
    expect(await state('stopped')).toMatchObject({ state: 'failed' })
    await expect(openSaved(join(folder, 'stopped'))).rejects.toMatchObject({ code: 'encoder.run-unfinished' })
  })
})
