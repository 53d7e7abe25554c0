import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MsError } from '@ms/core'
import { writeFileAtomic } from '@ms/core/node'
import { z } from 'zod'
import { type HubConnection, hubJson } from './hub-request.js'

/** A file of a repository, and how to know that it arrived whole. */
export interface HubFile {
  readonly name: string
  readonly size?: number
  /** SHA-256 of the content, for large files. */
  readonly sha256?: string
  /** Git's SHA-1 of the content, for small ones. */
  readonly gitSha1?: string
}

/** A repository at one commit. */
export interface HubManifest {
  readonly commit: string
  readonly files: readonly HubFile[]
}

const size = z.number().int().nonnegative()
const answerSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: size.nullish(),
      blobId: z.string().nullish(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: size.nullish() }).nullish(),
    }),
  ),
})

const keptSchema = z.object({
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  files: z.array(z.object({ name: z.string(), size: size.optional(), sha256: z.string().optional(), gitSha1: z.string().optional() })),
})

/** What the hub says of a revision now. @throws `hub.unreachable`, `hub.not-found`, `hub.forbidden`, `hub.answer` */
export async function fetchManifest(repository: string, revision: string, connection: HubConnection): Promise<HubManifest> {
  const path = `/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`
  const parsed = answerSchema.safeParse(await hubJson(path, connection, `${repository}@${revision}`))
  if (!parsed.success) {
    throw new MsError('hub.answer', `the hub's answer is not understood: ${parsed.error.issues[0].path.join('.') || 'no JSON'}`, {
      where: connection.endpoint + path,
      advice: 'Check HF_ENDPOINT.',
      kind: 'failure',
    })
  }
  const files = parsed.data.siblings
    .filter(({ rfilename }) => isInside(rfilename))
    .map(({ rfilename, size, blobId, lfs }) => ({
      name: rfilename,
      size: lfs?.size ?? size ?? undefined,
      ...(lfs ? { sha256: lfs.sha256 } : blobId && /^[0-9a-f]{40}$/.test(blobId) ? { gitSha1: blobId } : {}),
    }))
  return { commit: parsed.data.sha, files }
}

/** A name from outside must stay below the folder that it is kept in. */
const isInside = (name: string): boolean =>
  name !== '' && !/[\\\0:]/.test(name) && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

const manifestPath = (folder: string, revision: string) => join(folder, 'refs', `${encodeURIComponent(revision)}.json`)

/** The manifest that was kept when the hub was last reached. */
export async function keptManifest(folder: string, revision: string): Promise<HubManifest | undefined> {
  const text = await readFile(manifestPath(folder, revision), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const manifest = keptSchema.parse(JSON.parse(text))
    return manifest.files.every(({ name }) => isInside(name)) ? manifest : undefined
  } catch {
    return undefined // damaged: as good as absent, it is fetched again
  }
}

export async function keepManifest(folder: string, revision: string, manifest: HubManifest): Promise<void> {
  await writeFileAtomic(manifestPath(folder, revision), `${JSON.stringify(manifest)}\n`)
}
