import type { Split } from './retrieval.js'

/**
 * Which split a key belongs to, by hash and so for ever: `uint32(sha1(salt + "\0" + key)[0:4]) % 100`,
 * below 20 test, below 30 dev, else train.
 */
export async function splitByHash(salt: string, key: string): Promise<Split> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(`${salt}\0${key}`))
  const percent = new DataView(digest).getUint32(0) % 100
  return percent < 20 ? 'test' : percent < 30 ? 'dev' : 'train'
}
