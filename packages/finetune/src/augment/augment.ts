import { MsError, type Random, seededRandom } from '@ms/core'

/**
 * A random change that leaves what an item means: a pure function of the item and of the numbers it draws; the item itself
 * stays as it is.
 */
export type Augment<Item> = (item: Item, random: Random) => Item

/** How one column of the examples is varied. */
export interface Augmentation<Item, Prepared> {
  /** Before it is made ready: a text before it is tokenised. Then it is made ready anew at each step. */
  readonly item?: Augment<Item>
  /** After it was made ready and before it is collated: the pixels of a picture, which so is decoded only once. */
  readonly prepared?: Augment<Prepared>
}

/** One after the other. */
export function compose<Item>(...steps: readonly Augment<Item>[]): Augment<Item> {
  return (item, random) => steps.reduce((changed, step) => step(changed, random), item)
}

/** With a probability, else nothing. @throws `augment.settings` */
export function sometimes<Item>(probability: number, step: Augment<Item>): Augment<Item> {
  assertSetting(probability >= 0 && probability <= 1, `a probability is from 0 to 1, not ${probability}`)
  return (item, random) => (random.uniform() < probability ? step(item, random) : item)
}

/** One of them, each as likely as the others. */
export function oneOf<Item>(...steps: readonly Augment<Item>[]): Augment<Item> {
  assertSetting(steps.length > 0, 'oneOf needs something to choose from')
  return (item, random) => steps[random.integer(steps.length)](item, random)
}

/** The numbers for one item of one example in one epoch: the same in a training that was resumed, whatever its batch. */
export function augmentRandom(seed: number, at: { epoch: number; example: number; column: number }): Random {
  return seededRandom(seed, `/augment/${at.epoch}/${at.example}/${at.column}`)
}

/** @throws `augment.settings` unless it holds */
export function assertSetting(holds: boolean, what: string): void {
  if (!holds) throw new MsError('augment.settings', what, { advice: 'Correct the settings of the augmentation.' })
}

/** A uniform number of a range. */
export const between = (random: Random, [least, most]: readonly [number, number]) => least + (most - least) * random.uniform()
