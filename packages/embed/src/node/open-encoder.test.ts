import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encoderSpace } from '../encoder-space.js'
import { tinyEncoder } from '../fixtures/tiny-encoders.js'
import { loadEncoder } from '../load-encoder.js'
import { nearestNames } from './nearest-names.js'
import { openEncoder } from './open-encoder.js'
import { saveEncoderDirectory } from './save-encoder-directory.js'

let folder: string
const golden = tinyEncoder('static, normalised')
let space: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-open-'))
  const encoder = await loadEncoder(golden.files)
  space = await encoderSpace(encoder)
  await saveEncoderDirectory(encoder, join(folder, 'plain'))
  await mkdir(join(folder, 'run'))
  await writeFile(join(folder, 'run', 'run.json'), '{}')
  await saveEncoderDirectory(encoder, join(folder, 'run', 'model'))
  await mkdir(join(folder, 'unfinished'))
  await writeFile(join(folder, 'unfinished', 'run.json'), '{}')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const builtin = { 'ms-mini-text': async () => golden.files }
const offline = { builtin, offline: true, environment: {} }

describe('openEncoder', () => {
  it('finds built-in models, folders, finished runs, and takes files themselves', async () => {
    for (const model of [
      'ms-mini-text',
      join(folder, 'plain'),
      `${join(folder, 'plain')}/`,
      join(folder, 'run'),
      join(folder, 'run', 'model'),
      golden.files,
    ]) {
      expect(await encoderSpace(await openEncoder(model, offline))).toBe(space)
    }
  })

  it('asks the hub for presets and ids, where the cache has nothing', async () => {
    const cacheDir = join(folder, 'cache')
    for (const model of ['all-minilm-l6-v2', 'org/name', 'org/name@v1.0']) {
      await expect(openEncoder(model, { ...offline, cacheDir })).rejects.toMatchObject({ code: 'hub.unreachable' })
    }
    await expect(openEncoder('models/mine', { ...offline, cacheDir })).rejects.toThrow('there is no folder models/mine')
    await expect(openEncoder('bge-small-zh-v1.5', { ...offline, cacheDir })).rejects.toMatchObject({
      where: expect.stringContaining('BAAI/bge-small-zh-v1.5'),
    })
  })

  it('says what it knows where nothing fits', async () => {
    await expect(openEncoder('ms-mini-txt', offline)).rejects.toMatchObject({
      code: 'encoder.unknown',
      advice: expect.stringContaining('Did you mean ms-mini-text?'),
    })
    await expect(openEncoder('zzz', offline)).rejects.toMatchObject({
      code: 'encoder.unknown',
      advice: expect.stringContaining('ms models'),
    })
    for (const model of ['', './nowhere', join(folder, 'nowhere'), join(folder, 'run', 'run.json'), 'constructor']) {
      await expect(openEncoder(model, offline)).rejects.toMatchObject({ code: 'encoder.unknown' })
    }
    await expect(openEncoder(join(folder, 'unfinished'), offline)).rejects.toMatchObject({ code: 'encoder.run-unfinished' })
  })
})

describe('presets', () => {
  const commit = 'c'.repeat(40)
  let server: Server
  let requests: string[]
  beforeAll(async () => {
    const { files } = golden
    const names = await files.list()
    requests = []
    server = createServer(async (request, response) => {
      const path = request.url ?? ''
      requests.push(path)
      if (path.startsWith('/api/models/'))
        return response.end(JSON.stringify({ sha: commit, siblings: names.map((rfilename) => ({ rfilename })) }))
      response.end(await files.read(path.split(`/resolve/${commit}/`)[1]))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  it('are fetched by their id, and bring the prompts that the files lack', async () => {
    const environment = { HF_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    const encoder = await openEncoder('E5-Small-v2', { cacheDir: join(folder, 'hub'), environment })
    expect(requests[0]).toContain('intfloat/e5-small-v2')
    expect(encoder.prompts).toMatchObject({ query: 'query: ', document: 'passage: ' })
    expect(encoder.notices.map(({ code }) => code)).toEqual(['encoder.card-prompts'])
    expect(await encoderSpace(encoder)).not.toBe(space)
    const byId = await openEncoder('intfloat/e5-small-v2@main', { cacheDir: join(folder, 'hub'), environment })
    expect(await encoderSpace(byId)).toBe(await encoderSpace(encoder))
    const other = await openEncoder('org/name', { cacheDir: join(folder, 'hub'), environment })
    expect(await encoderSpace(other)).toBe(space)
  })

  it('of a family that is not known are refused before anything large is fetched', async () => {
    const environment = { HF_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    requests.length = 0
    const opening = openEncoder('all-mpnet-base-v2', { cacheDir: join(folder, 'hub'), environment })
    await expect(opening).rejects.toMatchObject({ code: 'encoder.backbone-unknown', message: expect.stringContaining('mpnet') })
    expect(requests.filter((path) => path.includes('/resolve/'))).toEqual([])
  })
})

describe('nearestNames', () => {
  it('finds what was meant', () => {
    const known = ['all-MiniLM-L6-v2', 'bge-small-en', 'bge-small-zh', 'e5-small', 'ms-mini-text']
    expect(nearestNames('minilm', known)).toEqual(['all-MiniLM-L6-v2'])
    expect(nearestNames('bge-smal-en', known)[0]).toBe('bge-small-en')
    expect(nearestNames('microsoft/e5-smal', known)).toEqual(['e5-small'])
    expect(nearestNames('resnet50', known)).toEqual([])
  })
})
