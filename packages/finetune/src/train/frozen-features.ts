import type { Role } from '@ms/core'
import type { Encoder, EncoderCut, Engine, Parameters, Prepared } from '@ms/core/tensor'
import { createEmbedder, type Describable, encoderIdentity, encoderSpace, type OwnedEmbedder } from '@ms/embed'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { TrainingSide } from './training-sides.js'

/** Where vectors are kept that frozen weights make of items: they are the same for every training that freezes these weights. */
export interface FeatureCache<Item> {
  /** The vector of each item, as far as it is there. */
  load(space: string, items: readonly Item[], role: Role): Promise<readonly (Float32Array | undefined)[]>
  save(space: string, items: readonly Item[], role: Role, vectors: readonly Float32Array[]): Promise<void>
}

/** What the frozen part of an encoder made of an item. */
export interface FrozenFeatures extends Prepared {
  readonly vector: Float32Array
}

export interface FreezeOptions<Item> {
  readonly engine: Engine
  readonly cache?: FeatureCache<Item>
}

export interface FrozenSides<Item> {
  /** The same sides; where an encoder could be cut, with only the weights behind the cut. */
  readonly sides: readonly TrainingSide<Item>[]
  dispose(): Promise<void>
}

/**
 * Cuts each side's encoder where training begins and computes what is before the cut once an item: an epoch then costs no more than
 * what is trained. What the encoders make of an item is the same as before.
 *
 * @param frozen whether a weight stays as it is, by its name in the training
 * @param whole sides that must not be cut: their items change from epoch to epoch
 */
export async function freezeSides<Item>(
  sides: readonly TrainingSide<Item>[],
  frozen: (name: string) => boolean,
  whole: ReadonlySet<TrainingSide<Item>>,
  options: FreezeOptions<Item>,
): Promise<FrozenSides<Item>> {
  const opened: { dispose(): Promise<void> }[] = []
  const cutSides: TrainingSide<Item>[] = []
  for (const side of sides) {
    const cut = whole.has(side) ? undefined : cutOf(side.encoder, (name) => frozen(side.prefix + name))
    if (cut) {
      const { encoder, dispose } = overFeatures(cut, await describeCut(side.encoder, cut), options)
      opened.push({ dispose })
      cutSides.push({ ...side, encoder })
    } else cutSides.push(side)
  }
  return {
    sides: cutSides,
    dispose: async () => {
      for (const each of opened) await each.dispose()
    },
  }
}

/** An encoder of which nothing is trained is all body: what is trained is then the loss's own. */
function cutOf<Item>(encoder: Encoder<Item, Prepared>, frozen: (name: string) => boolean): EncoderCut<Item, Prepared> | undefined {
  if (![...encoder.parameters.keys()].every(frozen)) return encoder.cut?.(frozen)
  return {
    body: encoder,
    head: { dim: encoder.dim, parameters: new Map(), forward: (inputs) => inputs['features'] as Tensor2D },
  }
}

/** What decides about the vectors of a cut encoder besides the weights behind the cut. */
async function describeCut<Item>(
  encoder: Encoder<Item, Prepared> & Partial<Describable>,
  { body, head }: EncoderCut<Item, Prepared>,
): Promise<CutDescription> {
  const identity = await encoderIdentity(body)
  return {
    body: identity,
    ...(head.parameters.size === 0 ? { identity } : {}),
    fingerprint: { whole: encoder.fingerprint, body: identity },
  }
}

interface CutDescription extends Describable {
  /** Identity of what is before the cut. */
  readonly body: string
}

/** The encoder behind a cut, for the same items: what the body makes of them is remembered, and kept where there is a cache. */
function overFeatures<Item>(
  { body, head }: EncoderCut<Item, Prepared>,
  description: CutDescription,
  { engine, cache }: FreezeOptions<Item>,
): { encoder: Encoder<Item, Prepared>; dispose(): Promise<void> } {
  const known: Record<Role, Map<Item, FrozenFeatures>> = { query: new Map(), document: new Map() }
  let opening: Promise<{ embedder: OwnedEmbedder<Item>; space: string }> | undefined
  const open = async () => ({
    embedder: await createEmbedder(body, { engine }),
    space: await encoderSpace({ dim: body.dim, parameters: body.parameters, identity: description.body }),
  })

  const compute = async (items: readonly Item[], role: Role): Promise<readonly Float32Array[]> => {
    opening ??= open()
    const { embedder, space } = await opening
    const kept = (await cache?.load(space, items, role)) ?? []
    const missing = items.filter((_, i) => !kept[i])
    if (missing.length === 0) return kept as Float32Array[]
    const { data, dim } = await embedder.embed(missing, { role })
    const fresh = missing.map((_, i) => data.slice(i * dim, (i + 1) * dim))
    await cache?.save(space, missing, role, fresh)
    let next = 0
    return items.map((_, i) => kept[i] ?? fresh[next++])
  }

  const processor: Encoder<Item, FrozenFeatures>['processor'] = {
    prepare: async (items, asked) => {
      const role = body.symmetric ? 'document' : asked
      const fresh = [...new Set(items)].filter((item) => !known[role].has(item))
      const vectors = fresh.length > 0 ? await compute(fresh, role) : []
      for (const [i, item] of fresh.entries()) known[role].set(item, { cost: 1, vector: vectors[i] })
      return items.map((item) => known[role].get(item)!)
    },
    collate: (batch) => {
      const data = new Float32Array(batch.length * body.dim)
      for (const [i, { vector }] of batch.entries()) data.set(vector, i * body.dim)
      return { features: { shape: [batch.length, body.dim], data } }
    },
  }
  const { identity, fingerprint } = description
  const build = (parameters: Parameters): Encoder<Item, FrozenFeatures> & Describable => ({
    identity,
    fingerprint,
    dim: head.dim,
    parameters,
    lookups: {},
    processor,
    dropouts: head.dropouts,
    forward: head.forward,
    withParameters: build,
  })
  return {
    encoder: build(head.parameters),
    dispose: async () => {
      const held = await opening?.catch(() => undefined)
      await held?.embedder.dispose()
    },
  }
}
