import { type Embedder, type EmbedOptions, MsError, type Role, type Vectors, vectors } from '@ms/core'

/** Vectors that were made before, in memory: of texts, and of pictures by their path. Embedders may share one. */
export interface VectorCache {
  /** What one space's embedder made of the item. */
  get(space: string, role: Role, item: string): Float32Array | undefined
  set(space: string, role: Role, item: string, vector: Float32Array): void
}

export interface VectorCacheOptions {
  /** Bytes of vectors and texts that are kept; what was not asked for the longest goes first. Default: 256 MiB. */
  readonly maxBytes?: number
}

/** What an entry takes besides its numbers and letters, about. */
const entryBytes = 200

/**
 * Keeps vectors for embedders that are given it as `cache`, so that what was embedded before is not computed again: queries that many
 * people ask, a corpus that is measured several times, pictures that two models read with the same encoder. Models never mix: a vector
 * is found by the space it lies in. A picture is known by its path, so a file that changes wants a new cache; bytes are not kept.
 *
 * @throws `embed.option` when `maxBytes` is no positive number
 * @example
 * ```ts
 * import type { Encoder, Engine } from '@ms/core/tensor'
 * import { createEmbedder, vectorCache } from '@ms/embed'
 *
 * export async function serve(encoder: Encoder<string>, engine: Engine) {
 *   const embedder = await createEmbedder(encoder, { engine, normalize: true, cache: vectorCache({ maxBytes: 64 * 2 ** 20 }) })
 *   return (query: string) => embedder.embed([query], { role: 'query' })
 * }
 * ```
 */
export function vectorCache({ maxBytes = 256 * 2 ** 20 }: VectorCacheOptions = {}): VectorCache {
  if (!(maxBytes > 0)) throw new MsError('embed.option', `maxBytes must be a positive number, and is ${maxBytes}`, { where: 'maxBytes' })
  /** The first was asked for the longest ago: spaces, and the items in them. */
  const spaces = new Map<string, Map<string, Float32Array>>()
  let bytes = 0
  const sizeOf = (item: string, vector: Float32Array) => vector.byteLength + 2 * item.length + entryBytes

  /** The items of a space, which is now the last one to go. */
  const used = (key: string): Map<string, Float32Array> => {
    const items = spaces.get(key) ?? new Map<string, Float32Array>()
    spaces.delete(key)
    spaces.set(key, items)
    return items
  }
  const removeOldest = () => {
    for (const [key, items] of spaces) {
      for (const [item, vector] of items) {
        items.delete(item)
        bytes -= sizeOf(item, vector)
        if (bytes <= maxBytes) return
      }
      spaces.delete(key)
    }
  }

  return {
    get: (space, role, item) => {
      const items = spaces.get(keyOf(space, role))
      const vector = items?.get(item)
      if (!items || !vector) return undefined
      used(keyOf(space, role))
      items.delete(item)
      items.set(item, vector)
      return vector
    },
    set: (space, role, item, vector) => {
      const items = used(keyOf(space, role))
      const before = items.get(item)
      if (before) bytes -= sizeOf(item, before)
      items.delete(item)
      items.set(item, vector.slice())
      bytes += sizeOf(item, vector)
      if (bytes > maxBytes) removeOldest()
    },
  }
}

const keyOf = (space: string, role: Role) => `${role} ${space}`

/** The embedder, but for what the cache knows. */
export function withCache<Item, E extends Embedder<Item>>(embedder: E, cache: VectorCache): E {
  const { space, dim } = embedder
  const embed = async (items: readonly Item[], options: EmbedOptions = {}): Promise<Vectors> => {
    const { role = 'document', onProgress } = options
    const known = items.map((item) => (typeof item === 'string' ? cache.get(space, role, item) : undefined))
    const places = known.flatMap((vector, i) => (vector ? [] : [i]))
    const wanted = places.map((i) => items[i])
    const before = items.length - wanted.length
    const computed = await embedder.embed(wanted, {
      ...options,
      ...(onProgress ? { onProgress: ({ done, unit }) => onProgress({ done: before + done, total: items.length, unit }) } : {}),
    })
    const data = before === 0 ? computed.data : new Float32Array(items.length * dim)
    for (const [row, place] of places.entries()) {
      const vector = computed.data.subarray(row * dim, (row + 1) * dim)
      const item = wanted[row]
      if (typeof item === 'string') cache.set(space, role, item, vector)
      if (before > 0) data.set(vector, place * dim)
    }
    for (const [i, vector] of known.entries()) if (vector) data.set(vector, i * dim)
    if (before > 0 && wanted.length === 0) onProgress?.({ done: items.length, total: items.length, unit: 'items' })
    return vectors(data, items.length, dim)
  }
  return { ...embedder, embed }
}
