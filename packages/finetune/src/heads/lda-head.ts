import { type Examples, MsError } from '@ms/core'
import type { Encoder, Engine } from '@ms/core/tensor'
import type { FeatureCache } from '../train/frozen-features.js'
import { type HeadedEncoder, withoutNormalize } from './append-module.js'
import { fitLda, type LdaOptions } from './fit-lda.js'
import { openKnownFeatures } from './known-features.js'
import { appendLinear } from './linear-adapter.js'

export interface LdaHeadOptions<Item> extends LdaOptions {
  /** Labelled items; or pairs and triplets, of which anchor and positive are of one class, and so is all that hangs together by pairs. */
  examples: Examples<Item>
  engine?: Engine
  /** Where the encoder's vectors of the examples are kept. Default: nowhere. */
  features?: FeatureCache<Item>
  signal?: AbortSignal
}

/**
 * The cheap head, before or instead of fine-tuning: the same encoder with `fitLda` of its own vectors as a linear layer behind it. It takes
 * one pass over the examples and no learning rate; a head that is there already is kept, the new one comes after it.
 *
 * @throws `lda.classes`, `lda.option`, `train.columns` for scored pairs; the signal's reason
 */
export async function ldaHead<E extends HeadedEncoder, Item extends Parameters<E['processor']['prepare']>[0][number]>(
  encoder: E,
  { examples, engine, features, signal, ...options }: LdaHeadOptions<Item>,
): Promise<E> {
  const { items, labels } = classesFrom(examples)
  const plain = withoutNormalize(encoder)
  // What kind of items the encoder takes is what `Item` says.
  const known = await openKnownFeatures(plain as unknown as Encoder<Item>, { engine, features })
  try {
    return appendLinear(encoder, fitLda(await known.embed(items, { role: 'document', signal }), labels, options))
  } finally {
    await known.dispose()
  }
}

/** Different items, and the class of each. @throws `train.columns` */
export function classesFrom<Item>({ kind, columns, labels }: Examples<Item>): { items: Item[]; labels: string[] } {
  if (kind === 'labelled' && labels) {
    const classes = new Map(columns[0].map((item, i) => [item, labels[i]]))
    return { items: [...classes.keys()], labels: [...classes.values()] }
  }
  if (kind !== 'pair' && kind !== 'triplet') {
    throw new MsError('train.columns', `a head needs classes, and ${kind} examples have none`, { advice: 'Give labelled items or pairs.' })
  }
  // Union of what pairs connect.
  const parents = new Map<Item, Item>()
  const rootOf = (item: Item): Item => {
    let root = item
    for (let above = parents.get(root); above !== undefined && above !== root; above = parents.get(root)) root = above
    parents.set(item, root)
    return root
  }
  for (const [i, anchor] of columns[0].entries()) parents.set(rootOf(anchor), rootOf(columns[1][i]))
  const numbers = new Map<Item, string>()
  const items = [...parents.keys()]
  return {
    items,
    labels: items.map((item) => {
      const root = rootOf(item)
      const number = numbers.get(root) ?? String(numbers.size)
      numbers.set(root, number)
      return number
    }),
  }
}
