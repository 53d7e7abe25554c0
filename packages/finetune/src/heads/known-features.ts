import { type Embedder, type Role, vectors } from '@ms/core'
import type { Encoder, Engine, Prepared } from '@ms/core/tensor'
import { createEmbedder, encoderSpace, type OwnedEmbedder } from '@ms/embed'
import type { FeatureCache } from '../train/frozen-features.js'

export interface KnownFeaturesOptions<Item> {
  engine?: Engine
  /** Where vectors are kept. Default: nowhere. */
  features?: FeatureCache<Item>
  /** Queries are encoded as documents are: so it is with pictures, which no prompt stands before. Default: false. */
  oneRole?: boolean
}

/** An embedder that remembers: whatever is asked for again, alone or among others, is not computed again. */
export async function openKnownFeatures<Item>(
  encoder: Encoder<Item, Prepared>,
  { engine, features, oneRole = false }: KnownFeaturesOptions<Item>,
): Promise<OwnedEmbedder<Item>> {
  const known: Record<Role, Map<Item, Float32Array>> = { query: new Map(), document: new Map() }
  const space = await encoderSpace(encoder)
  const embedder = await createEmbedder(encoder, { engine })
  const embed: Embedder<Item>['embed'] = async (items, { role: asked = 'document', ...options } = {}) => {
    const role = oneRole ? 'document' : asked
    const unknown = () => [...new Set(items)].filter((item) => !known[role].has(item))
    const [wanted, kept] = [unknown(), (await features?.load(space, unknown(), role)) ?? []]
    for (const [i, vector] of kept.entries()) if (vector) known[role].set(wanted[i], vector)
    const missing = unknown()
    if (missing.length > 0) {
      const { data, dim } = await embedder.embed(missing, { role, ...options })
      const fresh = missing.map((_, i) => data.subarray(i * dim, (i + 1) * dim))
      await features?.save(space, missing, role, fresh)
      for (const [i, item] of missing.entries()) known[role].set(item, fresh[i])
    }
    const { dim } = embedder
    const all = new Float32Array(items.length * dim)
    for (const [i, item] of items.entries()) all.set(known[role].get(item) ?? [], i * dim)
    return vectors(all, items.length, dim)
  }
  return { ...embedder, embed }
}
