import { MsError } from '@ms/core'

/** More hits than this in one answer is a mistake, not a wish. */
const largestK = 1_000_000

/** @throws `search.k` */
export function checkK(k: number): void {
  if (Number.isInteger(k) && k >= 1 && k <= largestK) return
  throw new MsError('search.k', `k is ${k}`, {
    where: 'k',
    advice: `Ask for a whole number of hits from 1 to ${largestK.toLocaleString('en')}.`,
  })
}
