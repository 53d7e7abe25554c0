import { MsError } from '@ms/core'

/** @throws `optimizer.setting` when a number does not lie in [from, below) */
export function checkSetting(name: string, value: number, from: number, below = Number.POSITIVE_INFINITY): void {
  if (value >= from && value < below) return
  throw new MsError('optimizer.setting', `${name} is ${value}`, {
    where: name,
    advice: below === Number.POSITIVE_INFINITY ? `Give a number of at least ${from}.` : `Give a number from ${from} to below ${below}.`,
  })
}
