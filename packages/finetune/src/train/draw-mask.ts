import type { Random } from '@ms/core'

/**
 * Fills a mask of dropout, a byte a unit: 1 where it stays, 0 with the probability `rate`, each independently of all others.
 *
 * A unit is decided by one random byte. A byte has 256 values and the rate need not be a multiple of 1/256: the units whose byte is the one
 * in between are decided by a number of their own, so that the rate is exact. Four units are decided at once.
 *
 * @param keep begins at a multiple of 4 bytes; its buffer reaches to the next one behind its end
 * @param rate in [0, 1)
 */
export function drawMask(keep: Uint8Array, rate: number, random: Random): void {
  const words = new Int32Array(keep.buffer, keep.byteOffset, Math.ceil(keep.length / 4))
  random.fill(words)
  const bound = Math.floor(rate * 256)
  const rest = rate * 256 - bound
  const bounds = Math.imul(bound, ones)
  // Lets the highest bit of a byte tell whether its lower seven bits reach the bound, or what of it is above 128.
  const lift = Math.imul(bound > 128 ? 256 - bound : 128 - bound, ones)
  for (let i = 0; i < words.length; i++) {
    const drawn = words[i]
    const low = (drawn & 0x7f7f7f7f) + lift
    let kept = ((bound > 128 ? low & drawn : low | drawn) >>> 7) & ones
    const off = drawn ^ bounds
    // Some byte of `off` is 0: that unit's byte is the one in between.
    if ((off - ones) & ~off & 0x80808080) {
      for (let shift = 0; shift < 32; shift += 8) {
        if (((off >>> shift) & 0xff) === 0 && random.uniform() < rest) kept &= ~(1 << shift)
      }
    }
    words[i] = kept
  }
}

const ones = 0x01010101
