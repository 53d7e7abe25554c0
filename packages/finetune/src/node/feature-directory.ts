import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors, writeSafetensors } from '@ms/backbones'
import { MsError, type Role } from '@ms/core'
import { writeFileAtomic } from '@ms/core/node'
import type { FeatureCache } from '../train/frozen-features.js'

export interface FeatureDirectoryOptions {
  /**
   * Items that are texts are paths of pictures: they are known by what is in the file, and a role makes no difference to them.
   * Default: false.
   */
  readonly paths?: boolean
}

const hashBytes = 32

/**
 * Keeps features in `path/SPACE/`: files of hashes and vectors, one for each set that was computed together, written whole or not at all.
 * A file that is damaged or of another width counts as absent.
 */
export function featureDirectory<Item>(path: string, { paths = false }: FeatureDirectoryOptions = {}): FeatureCache<Item> {
  const spaces = new Map<string, Promise<Map<string, Float32Array>>>()
  const folder = (space: string) => join(path, space.slice(0, 32))
  const open = (space: string) => {
    const opened = spaces.get(space) ?? readFolder(folder(space))
    spaces.set(space, opened)
    return opened
  }

  const keyOf = async (item: Item, role: Role): Promise<string> => {
    if (item instanceof Uint8Array) return sha256(paths ? 'picture' : role, item)
    if (typeof item === 'string') return paths ? sha256('picture', await fileBytes(item)) : sha256(role, item)
    throw new MsError('features.item', 'only texts, paths and bytes can be kept', { kind: 'failure' })
  }
  const keysOf = async (items: readonly Item[], role: Role) => {
    const keys: string[] = []
    for (const item of items) keys.push(await keyOf(item, role))
    return keys
  }

  return {
    load: async (space, items, role) => {
      const known = await open(space)
      return (await keysOf(items, role)).map((key) => known.get(key))
    },
    save: async (space, items, role, vectors) => {
      const known = await open(space)
      const keys = await keysOf(items, role)
      const dim = vectors[0]?.length ?? 0
      const hashes = new Uint8Array(keys.length * hashBytes)
      const features = new Float32Array(keys.length * dim)
      for (const [i, key] of keys.entries()) {
        hashes.set(Buffer.from(key, 'hex'), i * hashBytes)
        features.set(vectors[i], i * dim)
        known.set(key, vectors[i])
      }
      const bytes = writeSafetensors(
        new Map([
          ['hashes', { dtype: 'U8', shape: [keys.length, hashBytes], data: hashes }],
          ['features', { dtype: 'F32', shape: [keys.length, dim], data: features }],
        ]),
      )
      await writeFileAtomic(join(folder(space), `${randomBytes(8).toString('hex')}.safetensors`), bytes)
    },
  }
}

const sha256 = (kind: string, content: string | Uint8Array) => createHash('sha256').update(`${kind}\0`).update(content).digest('hex')

/** A picture that cannot be read is told by the processor, in its own words. */
const fileBytes = (path: string): Promise<Uint8Array> => readFile(path).catch(() => new TextEncoder().encode(`unreadable\0${path}`))

async function readFolder(folder: string): Promise<Map<string, Float32Array>> {
  const known = new Map<string, Float32Array>()
  const names: string[] = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => each.endsWith('.safetensors')).sort()) {
    for (const [key, vector] of await readFeatures(join(folder, name))) known.set(key, vector)
  }
  return known
}

async function readFeatures(file: string): Promise<[string, Float32Array][]> {
  try {
    const { tensors } = readSafetensors(await readFile(file), file)
    const [hashes, features] = [tensors.get('hashes'), tensors.get('features')]
    if (hashes?.dtype !== 'U8' || features?.dtype !== 'F32' || hashes.shape[0] !== features.shape[0]) return []
    const [count, dim] = features.shape
    return Array.from({ length: count }, (_, i) => [
      Buffer.from(hashes.data.subarray(i * hashBytes, (i + 1) * hashBytes)).toString('hex'),
      features.data.slice(i * dim, (i + 1) * dim),
    ])
  } catch {
    return []
  }
}
