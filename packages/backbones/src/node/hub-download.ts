import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { MsError, type OnProgress } from '@ms/core'
import { makeDirectory } from '@ms/core/node'
import type { HubFile } from './hub-manifest.js'
import { type HubConnection, PassingTrouble, patiently, requestOnce, withRetries } from './hub-request.js'

export interface DownloadOptions {
  connection: HubConnection
  onProgress?: OnProgress
}

/**
 * Fetches one file to `target`, which appears only when it is whole and its checksum is right. What an interrupted
 * download left is gone on with.
 *
 * @param path on the hub
 * @throws `hub.unreachable`, `hub.not-found`, `hub.forbidden`, `hub.checksum`, `file.unwritable`
 */
export async function downloadFile(
  path: string,
  file: HubFile,
  target: string,
  { connection, onProgress }: DownloadOptions,
): Promise<void> {
  await makeDirectory(dirname(target)).catch((cause) => {
    throw new MsError('file.unwritable', `cannot make the folder: ${cause.message}`, {
      where: dirname(target),
      advice: 'Set MS_CACHE to a folder that you may write to.',
      cause,
    })
  })
  const lock = await lockFile(`${target}.lock`)
  // Another process is at it: go one's own way rather than wait for it or write into its file.
  const part = lock ? `${target}.part` : `${target}.${process.pid}.part`
  try {
    await withRetries(file.name, connection, () => continueDownload(path, file, part, { connection, onProgress }))
    await verify(file, part, connection.endpoint + path)
    await rename(part, target)
  } catch (error) {
    if (!lock) await rm(part, { force: true })
    throw error
  } finally {
    await lock?.()
  }
}

async function continueDownload(path: string, file: HubFile, part: string, { connection, onProgress }: DownloadOptions): Promise<void> {
  let have = await sizeOf(part)
  if (file.size !== undefined && have >= file.size) {
    if (have === file.size) return
    have = 0
  }
  const response = await requestOnce(path, connection, file.name, have > 0 ? { range: `bytes=${have}-` } : {})
  if (response.status === 416) {
    await response.body?.cancel()
    await rm(part, { force: true })
    throw new PassingTrouble('the part that was there could not be continued')
  }
  if (response.status !== 206) have = 0
  const total = file.size ?? have + Number(response.headers.get('content-length') ?? 0)
  const handle = await open(part, have > 0 ? 'a' : 'w')
  try {
    onProgress?.({ done: have, total, unit: 'bytes' })
    for await (const chunk of patiently(response, connection)) {
      await handle.write(chunk)
      have += chunk.length
      onProgress?.({ done: have, total: Math.max(total, have), unit: 'bytes' })
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (file.size !== undefined && have < file.size) throw new PassingTrouble(`the connection ended after ${have} of ${file.size} bytes`)
}

async function verify(file: HubFile, part: string, where: string): Promise<void> {
  const size = await sizeOf(part)
  const expected = file.sha256 ?? file.gitSha1
  const hash = createHash(file.sha256 ? 'sha256' : 'sha1')
  if (!file.sha256) hash.update(`blob ${size}\0`)
  if (expected) await pipeline(createReadStream(part), hash)
  if ((file.size === undefined || file.size === size) && (!expected || hash.digest('hex') === expected)) return
  await rm(part, { force: true })
  throw new MsError('hub.checksum', `${file.name} arrived with another content than the hub announces`, {
    where,
    advice: 'Try again; if it happens again, something between here and the hub changes the data.',
    kind: 'failure',
  })
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )

/** Takes a lock for this process, or gives undefined when a living process has it. */
async function lockFile(path: string): Promise<(() => Promise<void>) | undefined> {
  const release = () => rm(path, { force: true })
  for (let attempt = 0; attempt < 2; attempt++) {
    const taken = await writeFile(path, `${process.pid}`, { flag: 'wx' }).then(
      () => true,
      () => false,
    )
    if (taken) return release
    const owner = Number(await readFile(path, 'utf8').catch(() => ''))
    if (owner !== process.pid && isAlive(owner)) return undefined
    if (owner === process.pid) return undefined
    await release()
  }
  return undefined
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
