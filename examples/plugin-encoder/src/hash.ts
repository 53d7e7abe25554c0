/**
 * FNV-1a over UTF-16 code units, and the last mixing of MurmurHash3: FNV alone leaves the low bits of short texts uneven.
 * @returns an unsigned integer of 32 bits
 */
export function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
