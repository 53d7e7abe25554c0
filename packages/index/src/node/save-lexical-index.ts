import { join } from 'node:path'
import { type Analyzer, MsError } from '@ms/core'
import { z } from 'zod'
import { standardAnalyzer } from '../analysis/standard-analyzer.js'
import { type Bm25Index, bm25IndexFrom } from '../lexical/bm25-index.js'
import type { ForwardIndex } from '../lexical/postings.js'
import {
  bytesOf,
  type Envelope,
  envelope,
  malformed,
  readChecked,
  readManifest,
  readTexts,
  replaceChecked,
  textBytes,
  writeChecked,
} from './checked-directory.js'

const format = 'ms-lexical-index'
const version = 1

const schema = envelope.extend({
  format: z.literal(format),
  version: z.literal(version),
  analyzer: z.string(),
  k1: z.number(),
  b: z.number(),
  titleBoost: z.number(),
  count: z.number().int().nonnegative(),
})

export interface OpenLexicalIndexOptions {
  /** The analyser that the index was made with; needed only where that is not one of this package. */
  analyzer?: Analyzer
}

/** Writes the files into a directory that is there. Returns the bytes of its manifest. */
export function writeLexicalIndex(directory: string, index: Bm25Index): Promise<Uint8Array> {
  const { ids, terms, forward, k1, b, titleBoost, analyzer } = index.snapshot()
  return writeChecked(
    directory,
    { format, version, analyzer, k1, b, titleBoost, count: ids.length },
    {
      'ids.json': textBytes(ids),
      'terms.json': textBytes(terms),
      'starts.u32': bytesOf(forward.starts),
      'lengths.u32': bytesOf(forward.lengths),
      'postings.u32': bytesOf(forward.terms),
      'counts.u16': bytesOf(forward.counts),
    },
  )
}

/**
 * Saves a BM25 index as a directory: ids, terms, and for each document the numbers of its terms and how often it has them
 * (little-endian), with a manifest of lengths and SHA-256. What was there is replaced in one step.
 * @throws `file.unwritable`; `index.occupied` when the path holds something else
 */
export async function saveLexicalIndex(path: string, index: Bm25Index): Promise<void> {
  await replaceChecked(path, format, (temporary) => writeLexicalIndex(temporary, index))
}

/**
 * Opens what `saveLexicalIndex` wrote, after checking all of it.
 * @throws `index.missing`, `index.malformed`, `index.truncated`, `index.checksum`; `index.analyzer` where another analyser made it
 */
export async function openLexicalIndex(path: string, { analyzer }: OpenLexicalIndexOptions = {}): Promise<Bm25Index> {
  const manifest = await readManifest(path, schema)
  const own = [standardAnalyzer(), standardAnalyzer({ stemming: 'none' })]
  const used = [...(analyzer ? [analyzer] : own)].find((candidate) => candidate.name === manifest.analyzer)
  if (!used) {
    throw new MsError(
      'index.analyzer',
      `the index was made with the analyser ${manifest.analyzer}${analyzer ? `, not with ${analyzer.name}` : ''}`,
      {
        where: path,
        advice: 'Open it with that analyser, or make the index again.',
      },
    )
  }
  const ids = await readTexts(path, manifest, 'ids.json')
  const terms = await readTexts(path, manifest, 'terms.json')
  const forward = await readForward(path, manifest, manifest.count)
  if (ids.length !== manifest.count || ids.includes('')) throw malformed(join(path, 'ids.json'), `these are not ${manifest.count} ids`)
  checkForward(path, forward, terms.length)
  const { k1, b, titleBoost } = manifest
  return bm25IndexFrom({ ids, terms, forward, k1, b, titleBoost, analyzer: used.name }, { k1, b, titleBoost, analyzer: used })
}

async function readForward(path: string, manifest: Envelope, count: number): Promise<ForwardIndex> {
  const words = async (name: string) => {
    const { buffer, byteLength } = await readChecked(path, manifest, name)
    if (byteLength % 4 !== 0) throw malformed(join(path, name), `${byteLength} bytes are no numbers of four bytes`)
    return new Uint32Array(buffer)
  }
  const counts = await readChecked(path, manifest, 'counts.u16')
  if (counts.byteLength % 2 !== 0) throw malformed(join(path, 'counts.u16'), `${counts.byteLength} bytes are no numbers of two bytes`)
  return {
    count,
    starts: await words('starts.u32'),
    lengths: await words('lengths.u32'),
    terms: await words('postings.u32'),
    counts: new Uint16Array(counts.buffer),
  }
}

/** Nothing may point outside: a checksum proves that a file is as it was written, not that it was written well. */
function checkForward(path: string, { count, starts, lengths, terms, counts }: ForwardIndex, vocabulary: number): void {
  const right =
    starts.length === count + 1 &&
    lengths.length === count &&
    starts[0] === 0 &&
    starts[count] === terms.length &&
    counts.length === terms.length &&
    starts.every((start, i) => i === 0 || start >= starts[i - 1]) &&
    terms.every((term) => term < vocabulary) &&
    counts.every((times) => times > 0) &&
    lengths.every((length) => length < 0xffffffff)
  if (!right) throw malformed(path, 'the postings do not fit together')
}
