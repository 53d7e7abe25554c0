import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelFiles, MsError, type OnProgress } from '@ms/core'
import { cacheFolder, type Environment } from '@ms/core/node'
import { parseHubId } from '../hub/hub-id.js'
import { downloadFile } from './hub-download.js'
import { fetchManifest, type HubManifest, keepManifest, keptManifest } from './hub-manifest.js'
import { type HubConnection, unreachable } from './hub-request.js'

export interface HubFilesOptions {
  /** Branch, tag or commit. Default: what the id says after `@`, else `main`. */
  revision?: string
  /** Default: MS_CACHE, else the operating system's place for caches. */
  cacheDir?: string
  signal?: AbortSignal
  /** Bytes of the file that is being fetched. */
  onProgress?: OnProgress
  /** Never ask the network: only what the cache has. Default: HF_HUB_OFFLINE. */
  offline?: boolean
  /** Milliseconds without an answer or a byte, after which a try counts as failed. Default: 30,000. */
  patience?: number
  /** Tries for each request and file. Default: 4. */
  tries?: number
  /** Where HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and MS_CACHE are read. Default: `process.env`. */
  environment?: Environment
}

/**
 * The files of a model on the Hugging Face hub (or a mirror: HF_ENDPOINT). A file is fetched when it is first read, checked
 * against the hub's checksum and kept; the next time, and without a network, it comes from the cache. A branch is looked
 * up anew each time, so that a new commit is seen; its files are kept by commit.
 *
 * @param id `org/name` or `org/name@revision`
 * @throws `hub.id`, `hub.not-found`, `hub.forbidden`, `hub.unreachable` (not in the cache either), `hub.answer`;
 *   reading throws `file.missing`, `hub.checksum` and `file.unwritable` besides
 *
 * @example
 * ```ts
 * import { hubFiles } from '@ms/backbones/node'
 * const files = await hubFiles('sentence-transformers/all-MiniLM-L6-v2')
 * const config = await files.read('config.json')
 * ```
 */
export async function hubFiles(id: string, options: HubFilesOptions = {}): Promise<ModelFiles> {
  const { repository, revision: named } = parseHubId(id)
  const revision = options.revision ?? named
  const environment = options.environment ?? process.env
  const connection: HubConnection = {
    endpoint: (environment['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, ''),
    token: environment['HF_TOKEN'] || undefined,
    signal: options.signal,
    patience: options.patience ?? 30_000,
    tries: options.tries ?? 4,
  }
  const offline = options.offline ?? isOn(environment['HF_HUB_OFFLINE'])
  const folder = join(options.cacheDir ?? cacheFolder(environment), 'hub', ...repository.split('/'))
  const location = `${repository}@${revision}`
  const manifest = await findManifest(repository, revision, folder, connection, offline)
  const running = new Map<string, Promise<void>>()

  const ensure = async (name: string): Promise<string> => {
    const file = manifest.files.find((candidate) => candidate.name === name)
    if (!file) {
      throw new MsError('file.missing', `there is no file ${name}`, { where: location })
    }
    const target = join(folder, manifest.commit, ...name.split('/'))
    const size = await stat(target).then(
      (stats) => stats.size,
      () => undefined,
    )
    if (size !== undefined && (file.size === undefined || file.size === size)) return target
    if (offline) throw offlineError(`${location}/${name}`)
    const path = `/${repository}/resolve/${manifest.commit}/${name.split('/').map(encodeURIComponent).join('/')}`
    // Two readers of one file share one download.
    const download =
      running.get(name) ??
      downloadFile(path, file, target, { connection, onProgress: options.onProgress }).finally(() => running.delete(name))
    running.set(name, download)
    await download
    return target
  }

  return {
    location,
    list: async () => manifest.files.map(({ name }) => name).sort(),
    read: async (name) => {
      options.signal?.throwIfAborted()
      const bytes = await readFile(await ensure(name))
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
  }
}

async function findManifest(
  repository: string,
  revision: string,
  folder: string,
  connection: HubConnection,
  offline: boolean,
): Promise<HubManifest> {
  const kept = await keptManifest(folder, revision)
  // A commit never changes.
  if (kept && (offline || kept.commit === revision)) return kept
  if (offline) throw offlineError(`${repository}@${revision}`)
  try {
    // With something to fall back on, one try is enough.
    const manifest = await fetchManifest(repository, revision, kept ? { ...connection, tries: 1 } : connection)
    await keepManifest(folder, revision, manifest)
    return manifest
  } catch (error) {
    if (kept && MsError.isInstance(error) && error.code === 'hub.unreachable') return kept
    throw error
  }
}

function offlineError(what: string): MsError {
  const { message, where } = unreachable(what, 'the hub')
  return new MsError('hub.unreachable', message.replace('the hub cannot be reached', 'offline use was asked for'), {
    where,
    advice: 'Unset HF_HUB_OFFLINE and run it once with a network, or name the folder of a copy instead.',
    kind: 'failure',
  })
}

const isOn = (value: string | undefined): boolean => /^(1|true|yes|on)$/i.test(value ?? '')
