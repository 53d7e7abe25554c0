import type { PreparedPicture } from '@ms/backbones'
import { MsError, type Random } from '@ms/core'
import { assertSetting } from '../augment.js'

export interface MixPlanOptions {
  /** Of the Beta distribution that shares are drawn from; the smaller, the closer to the pictures as they are. Default: 0.2. */
  readonly alpha?: number
  /** Class of each example: partners are of the same class, so that labels stay right. Default: any partner. */
  readonly labels?: readonly string[]
}

/** Who is mixed with whom in a batch. */
export interface MixPlan {
  /** Position in the batch of each example's partner. */
  readonly partners: Int32Array
  /** Share of the example itself, from ½ to 1. */
  readonly shares: Float32Array
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
