import type { PreparedPicture } from '@ms/backbones'
import { MsError, type Random } from '@ms/core'
import type { MixPlan, Prepared } from '@ms/core/tensor'
import { assertSetting } from '../augment.js'

export interface MixPlanOptions {
  /** Of the Beta distribution that shares are drawn from; the smaller, the closer to the pictures as they are. Default: 0.2. */
  readonly alpha?: number
  /** Class of each example: partners are of the same class, so that labels stay right. Default: any partner. */
  readonly labels?: readonly string[]
}

/** How the examples of a batch are mixed with each other: `mix` of `train`. */
export interface Mix<P extends Prepared> {
  /** @param labels where partners have to be of one class */
  plan(count: number, random: Random, labels?: readonly string[]): MixPlan
  /** One column of the batch, mixed. What is mixed is made anew, the items given stay as they are. */
  items(column: readonly P[], plan: MixPlan): readonly P[]
}

/**
 * Mixup of pictures (Zhang et al. 2018): each is the weighted mean of itself and another one of its batch, and so is what is wanted of it
 * where the loss can say so (`softmaxClassifier`); else labelled pictures are mixed with others of their class. All columns are mixed alike,
 * so that pairs of mixtures are pairs.
 *
 * @throws `augment.settings`; while training `augment.size` where two pictures are of different sizes
 * @example
 * const mix = mixup({ alpha: 0.4 })
 */
export function mixup({ alpha = 0.2 }: Pick<MixPlanOptions, 'alpha'> = {}): Mix<PreparedPicture> {
  assertSetting(alpha > 0, `alpha must be positive, not ${alpha}`)
  return { plan: (count, random, labels) => mixPlan(count, random, { alpha, labels }), items: mixPictures }
}

/**
 * Draws a plan for a batch (Zhang et al. 2018). It belongs to the batch and not to a column: pairs whose anchors and positives
 * are mixed by the same plan are pairs of mixtures still. Shares are at least ½, so that an example stays nearer to itself.
 *
 * @throws `augment.settings`
 */
export function mixPlan(count: number, random: Random, { alpha = 0.2, labels }: MixPlanOptions = {}): MixPlan {
  assertSetting(alpha > 0, `alpha must be positive, not ${alpha}`)
  const order = random.shuffle(Array.from({ length: count }, (_, i) => i))
  const partners = Int32Array.from({ length: count }, (_, i) => i)
  const groups = new Map<string, number[]>()
  for (const i of order) {
    const group = labels ? labels[i] : ''
    groups.set(group, [...(groups.get(group) ?? []), i])
  }
  // Each one's partner is the next of its group, in random order.
  for (const group of groups.values()) for (const [at, i] of group.entries()) partners[i] = group[(at + 1) % group.length]
  const shares = Float32Array.from({ length: count }, () => {
    const [x, y] = [gamma(alpha, random), gamma(alpha, random)]
    const share = x + y > 0 ? x / (x + y) : 1
    return Math.max(share, 1 - share)
  })
  return { partners, shares }
}

/** Mixes each picture of a column with its partner's. @throws `augment.size` where two are of different sizes */
export function mixPictures(pictures: readonly PreparedPicture[], { partners, shares }: MixPlan): PreparedPicture[] {
  return pictures.map((picture, i) => {
    const partner = pictures[partners[i]]
    if (partner === picture) return picture
    if (!('pixels' in picture)) throw new MsError('augment.settings', 'only pictures can be mixed', { where: 'mix' })
    const { cost, width, height, pixels } = picture
    if (partner.width !== width || partner.height !== height) {
      throw new MsError('augment.size', `pictures of ${width}×${height} and ${partner.width}×${partner.height} cannot be mixed`, {
        advice: 'Bring them to one size before: with randomResizedCrop, or prepared with extent crop.',
      })
    }
    // In 65536ths: whole numbers are quicker.
    const own = Math.round(shares[i] * 65536)
    const other = 65536 - own
    const mixed = new Uint8Array(pixels.length)
    for (let at = 0; at < mixed.length; at++) mixed[at] = (pixels[at] * own + partner.pixels[at] * other + 32768) >> 16
    return { cost, width, height, pixels: mixed }
  })
}

/** A draw of the Gamma distribution with scale 1 (Marsaglia and Tsang 2000). */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * random.uniform() ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = random.normal()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
