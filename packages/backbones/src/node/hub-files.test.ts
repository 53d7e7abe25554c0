import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '@ms/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HubFilesOptions, hubFiles } from './hub-files.js'

const commit = 'a'.repeat(40)
const weights = new Uint8Array(randomBytes(300_000))
const config = new TextEncoder().encode('{"model_type": "bert"}')

const gitSha1 = (bytes: Uint8Array) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** What the server does before it answers as a hub would: true when it has answered itself. */
type Trouble = (request: IncomingMessage, response: ServerResponse) => boolean

/** A hub with one repository, on this machine. */
class Hub {
  readonly requests: string[] = []
  readonly ranges: (string | undefined)[] = []
  readonly tokens: (string | undefined)[] = []
  trouble: Trouble = () => false
  siblings: unknown[] = [
    {
      rfilename: 'model.safetensors',
      size: weights.length,
      blobId: 'b'.repeat(40),
      lfs: { sha256: sha256(weights), size: weights.length },
    },
    { rfilename: '1_Pooling/config.json', size: config.length, blobId: gitSha1(config) },
    { rfilename: '../outside', size: 3 },
    { rfilename: '/etc/outside', size: 3 },
  ]
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response))
  }
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? ''
    this.requests.push(path)
    this.tokens.push(request.headers.authorization)
    if (this.trouble(request, response)) return
    if (path.startsWith('/api/models/org/name/revision/')) {
      response.end(JSON.stringify({ sha: commit, siblings: this.siblings }))
    } else if (path === `/org/name/resolve/${commit}/model.safetensors`) this.#file(request, response, weights)
    else if (path === `/org/name/resolve/${commit}/1_Pooling/config.json`) this.#file(request, response, config)
    else response.writeHead(404).end()
  }

  #file(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
    const { range } = request.headers
    this.ranges.push(range)
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    response.writeHead(range ? 206 : 200, { 'content-length': bytes.length - start }).end(bytes.subarray(start))
  }
}

describe('hubFiles', () => {
  let hub: Hub
  let cacheDir: string
  let endpoint: string
  beforeEach(async () => {
    hub = new Hub()
    endpoint = await hub.listen()
    cacheDir = await mkdtemp(join(tmpdir(), 'hub-'))
  })
  afterEach(async () => {
    await hub.close()
    await rm(cacheDir, { recursive: true, force: true })
  })

  const open = (options: HubFilesOptions & { env?: Record<string, string> } = {}, id = 'org/name') =>
    hubFiles(id, { cacheDir, patience: 500, tries: 3, ...options, environment: { HF_ENDPOINT: `${endpoint}/`, ...options.env } })

  it('lists the files, fetches one when it is read, and keeps it', async () => {
    const files = await open()
    expect(files.location).toBe('org/name@main')
    expect(await files.list()).toEqual(['1_Pooling/config.json', 'model.safetensors'])
    expect(hub.requests.length).toBe(1)
    expect(await files.read('model.safetensors')).toEqual(weights)
    expect(await files.read('1_Pooling/config.json')).toEqual(config)
    const asked = hub.requests.length
    expect(await files.read('model.safetensors')).toEqual(weights)
    expect(await (await open()).read('model.safetensors')).toEqual(weights)
    expect(hub.requests.slice(asked)).toEqual(['/api/models/org/name/revision/main?blobs=true'])
    await expect(files.read('nothing')).rejects.toMatchObject({ code: 'file.missing' })
    await expect(files.read('../outside')).rejects.toMatchObject({ code: 'file.missing' })
    expect((await readdir(cacheDir, { recursive: true })).filter((name) => /part|lock|outside|tmp/.test(name))).toEqual([])
  })

  it('asks for the revision named, and for a commit only once', async () => {
    await open({}, 'org/name@v1/x')
    expect(hub.requests).toEqual(['/api/models/org/name/revision/v1%2Fx?blobs=true'])
    await open({ revision: commit })
    await open({ revision: commit })
    expect(hub.requests.length).toBe(2)
  })

  it('shows progress in bytes, and shares one download between readers', async () => {
    const seen: Progress[] = []
    const files = await open({ onProgress: (progress) => seen.push(progress) })
    const [a, b] = await Promise.all([files.read('model.safetensors'), files.read('model.safetensors')])
    expect(a).toEqual(b)
    expect(hub.ranges.length).toBe(1)
    expect(seen[0]).toEqual({ done: 0, total: weights.length, unit: 'bytes' })
    expect(seen.at(-1)).toEqual({ done: weights.length, total: weights.length, unit: 'bytes' })
  })

  it('goes on where a broken connection left off', async () => {
    let broken = 0
    hub.trouble = (request, response) => {
      if (!request.url?.endsWith('safetensors') || broken++ > 0) return false
      response.writeHead(200, { 'content-length': weights.length })
      response.write(weights.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50))
      return true
    }
    expect(await (await open()).read('model.safetensors')).toEqual(weights)
    expect(hub.ranges).toEqual(['bytes=100000-'])
  })

  it('goes on with what an interrupted process left, and starts anew where the server cannot', async () => {
    const files = await open()
    await files.read('1_Pooling/config.json')
    const part = join(cacheDir, 'hub', 'org', 'name', commit, 'model.safetensors.part')
    await writeFile(part, weights.subarray(0, 70_000))
    await writeFile(part.replace('.part', '.lock'), '999999999') // of a process that is gone
    expect(await files.read('model.safetensors')).toEqual(weights)
    expect(hub.ranges.at(-1)).toBe('bytes=70000-')

    await rm(part.replace('.part', ''))
    await writeFile(part, weights.subarray(0, 70_000))
    hub.trouble = (request, response) => {
      if (!request.headers.range) return false
      response.writeHead(200, { 'content-length': weights.length }).end(weights)
      return true
    }
    expect(await files.read('model.safetensors')).toEqual(weights)
  })

  it('refuses content that is not what the hub announces, and leaves nothing of it', async () => {
    hub.trouble = (request, response) => {
      if (!request.url?.includes('/resolve/')) return false
      const length = request.url.endsWith('safetensors') ? weights.length : config.length
      response.end(new Uint8Array(length))
      return true
    }
    const files = await open()
    for (const name of await files.list()) await expect(files.read(name)).rejects.toMatchObject({ code: 'hub.checksum' })
    hub.trouble = () => false
    expect(await files.read('model.safetensors')).toEqual(weights)
  })

  it('tries again when the server stumbles or falls silent', async () => {
    let failures = 2
    hub.trouble = (_, response) => {
      if (failures-- <= 0) return false
      if (failures === 1) response.writeHead(503).end()
      return true // the second one is never answered
    }
    expect((await (await open()).list()).length).toBe(2)
    expect(hub.requests.length).toBe(3)
  })

  it('sends the token, and says what to do when it is refused', async () => {
    hub.trouble = (request, response) => {
      if (request.headers.authorization === 'Bearer secret') return false
      response.writeHead(401).end()
      return true
    }
    await expect(open()).rejects.toMatchObject({ code: 'hub.forbidden', advice: expect.stringContaining('HF_TOKEN') })
    expect((await (await open({ env: { HF_TOKEN: 'secret' } })).list()).length).toBe(2)
    await expect(open({ env: { HF_TOKEN: 'wrong' } })).rejects.toMatchObject({ code: 'hub.forbidden' })
  })

  it('knows what is not there', async () => {
    await expect(open({}, 'org/other')).rejects.toMatchObject({ code: 'hub.not-found', message: expect.stringContaining('org/other') })
    for (const id of ['name', 'a/b/c', '../../etc', 'a/..', 'org/name@', ''])
      await expect(open({}, id)).rejects.toMatchObject({ code: 'hub.id' })
  })

  it('answers that are no manifest are refused', async () => {
    hub.trouble = (_, response) => {
      response.end('<html>')
      return true
    }
    await expect(open()).rejects.toMatchObject({ code: 'hub.answer', where: expect.stringContaining(endpoint) })
  })

  it('without a network uses the copy, or says what to do', async () => {
    await (await open()).read('1_Pooling/config.json')
    await hub.close()
    for (const options of [{}, { offline: true }, { env: { HF_HUB_OFFLINE: '1' } }]) {
      const files = await open(options)
      expect(await files.read('1_Pooling/config.json')).toEqual(config)
      await expect(files.read('model.safetensors')).rejects.toMatchObject({
        code: 'hub.unreachable',
        kind: 'failure',
        advice: expect.any(String),
      })
      await expect(open(options, 'org/other')).rejects.toMatchObject({
        code: 'hub.unreachable',
        message: expect.stringContaining('org/other'),
      })
    }
  })

  it('stops when it is told to', async () => {
    const controller = new AbortController()
    hub.trouble = (request, response) => {
      if (!request.url?.endsWith('safetensors')) return false
      response.writeHead(200, { 'content-length': weights.length })
      response.write(weights.subarray(0, 1000), () => controller.abort())
      return true
    }
    const files = await open({ signal: controller.signal, patience: 20_000 })
    await expect(files.read('model.safetensors')).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('a damaged cache is mended', async () => {
    await (await open()).read('model.safetensors')
    const folder = join(cacheDir, 'hub', 'org', 'name')
    await writeFile(join(folder, commit, 'model.safetensors'), weights.subarray(0, 10))
    await writeFile(join(folder, 'refs', 'main.json'), '{"commit":')
    expect(await (await open()).read('model.safetensors')).toEqual(weights)
    expect((await readFile(join(folder, commit, 'model.safetensors'))).length).toBe(weights.length)
  })
})
