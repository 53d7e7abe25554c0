import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Document, MsError, seededRandom, vectors } from '@ms/core'
import { unusualIds } from '@ms/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { standardAnalyzer } from '../analysis/standard-analyzer.js'
import { bm25Index } from '../lexical/bm25-index.js'
import { exactVectorIndex } from '../vector/exact-vector-index.js'
import { openCollection, readCollectionManifest, saveCollection } from './save-collection.js'
import { openLexicalIndex, saveLexicalIndex } from './save-lexical-index.js'
import { openVectorIndex, saveVectorIndex } from './save-vector-index.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-index-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const count = unusualIds.length
const dim = 5
const data = (seed: number, rows: number) => vectors(Float32Array.from({ length: rows * dim }, seededRandom(seed).normal), rows, dim)
const documents: readonly Document[] = unusualIds.map((id, i) => ({
  id,
  text: `fox ${'cat '.repeat(i % 4)}文本框 ${i} constructor`,
  ...(i % 2 ? { title: 'Title é\ud800' } : {}),
}))

async function indexes() {
  const vectorIndex = exactVectorIndex({ dim, metric: 'cosine', space: 'space-1' })
  await vectorIndex.upsert(unusualIds, data(1, count))
  const lexicalIndex = bm25Index({ k1: 0.9, titleBoost: 2 })
  await lexicalIndex.upsert([
    ...documents.map(({ id, title, text = '' }) => ({ id, text, ...(title ? { title } : {}) })),
    { id: 'gone', text: 'fox hen' },
  ])
  await lexicalIndex.remove(['gone'])
  return { vectorIndex, lexicalIndex }
}

describe('saved indexes', () => {
  it('answer as they did before, and can be changed', async () => {
    const { vectorIndex, lexicalIndex } = await indexes()
    const [v, l] = [join(folder, 'v'), join(folder, 'l')]
    await saveVectorIndex(v, vectorIndex)
    await saveLexicalIndex(l, lexicalIndex)
    const openedVectors = await openVectorIndex(v, { space: 'space-1' })
    const openedLexical = await openLexicalIndex(l)
    expect([openedVectors.space, openedVectors.metric, openedLexical.k1, openedLexical.titleBoost]).toEqual(['space-1', 'cosine', 0.9, 2])
    expect(await openedVectors.search(data(2, 3), { k: 100 })).toEqual(await vectorIndex.search(data(2, 3), { k: 100 }))
    for (const query of ['fox', 'cat 文本', 'title constructor', 'hen']) {
      expect(await openedLexical.search(query, { k: 100 })).toEqual(await lexicalIndex.search(query, { k: 100 }))
    }
    await openedVectors.upsert(['new'], data(3, 1))
    await openedLexical.upsert([{ id: 'new', text: 'hen' }])
    expect((await openedLexical.search('hen', { k: 5 })).map((hit) => hit.id)).toEqual(['new'])
    await saveVectorIndex(v, openedVectors)
    expect((await openVectorIndex(v)).size).toBe(count + 1)
    expect((await readdir(folder)).filter((name) => /tmp|old/.test(name))).toEqual([])
  })

  it('may be empty', async () => {
    await saveVectorIndex(join(folder, 'v0'), exactVectorIndex({ dim, metric: 'dot' }))
    await saveLexicalIndex(join(folder, 'l0'), bm25Index())
    await saveCollection(join(folder, 'c0'), { documents: [] })
    expect((await openVectorIndex(join(folder, 'v0'))).size).toBe(0)
    expect(await (await openLexicalIndex(join(folder, 'l0'))).search('fox', { k: 1 })).toEqual([])
    expect((await openCollection(join(folder, 'c0'))).documents.size).toBe(0)
  })

  it('are refused for another space or another analyser', async () => {
    const { vectorIndex, lexicalIndex } = await indexes()
    await saveVectorIndex(join(folder, 'v1'), vectorIndex)
    await saveLexicalIndex(join(folder, 'l1'), lexicalIndex)
    await expect(openVectorIndex(join(folder, 'v1'), { space: 'space-2' })).rejects.toMatchObject({ code: 'index.space' })
    const analyzer = standardAnalyzer({ stemming: 'none' })
    await expect(openLexicalIndex(join(folder, 'l1'), { analyzer })).rejects.toMatchObject({ code: 'index.analyzer' })
    const own = { ...analyzer, name: 'mine' }
    await saveLexicalIndex(join(folder, 'l2'), bm25Index({ analyzer: own }))
    await expect(openLexicalIndex(join(folder, 'l2'))).rejects.toMatchObject({ code: 'index.analyzer' })
    expect((await openLexicalIndex(join(folder, 'l2'), { analyzer: own })).analyzer.name).toBe('mine')
  })

  it('replace nothing that is not theirs', async () => {
    const theirs = join(folder, 'letters')
    await mkdir(theirs)
    await writeFile(join(theirs, 'manifest.json'), '{"mine": true}')
    await expect(saveCollection(theirs, { documents })).rejects.toMatchObject({ code: 'index.occupied' })
    await expect(saveLexicalIndex(theirs, bm25Index())).rejects.toMatchObject({ code: 'index.occupied' })
    await expect(saveLexicalIndex(join(theirs, 'manifest.json'), bm25Index())).rejects.toMatchObject({ code: 'index.occupied' })
    expect(await readdir(theirs)).toEqual(['manifest.json'])
  })
})

describe('saveCollection and openCollection', () => {
  it('give back documents, indexes and what they were told', async () => {
    const path = join(folder, 'collection')
    const { vectorIndex, lexicalIndex } = await indexes()
    for (const model of ['first', 'ms-mini-text']) {
      await saveCollection(path, { documents, vectorIndex, lexicalIndex, model, settings: { fusion: { weight: 0.4 } } })
    }
    const opened = await openCollection(path, { space: 'space-1' })
    expect([...opened.documents.values()]).toEqual(documents)
    expect(await opened.lexicalIndex?.search('fox', { k: 9 })).toEqual(await lexicalIndex.search('fox', { k: 9 }))
    expect(opened.vectorIndex?.size).toBe(count)
    expect(await readCollectionManifest(path)).toMatchObject({
      version: 1,
      generation: 1,
      documents: count,
      dim,
      metric: 'cosine',
      space: 'space-1',
      analyzer: 'standard-2-english',
      model: 'ms-mini-text',
      settings: { fusion: { weight: 0.4 } },
    })
  })

  it('refuse what does not fit together', async () => {
    const { lexicalIndex } = await indexes()
    const path = join(folder, 'inconsistent')
    await expect(saveCollection(path, { documents: documents.slice(1), lexicalIndex })).rejects.toMatchObject({
      code: 'index.inconsistent',
    })
    await expect(saveCollection(path, { documents: [documents[0], documents[0]] })).rejects.toMatchObject({ code: 'data.duplicate-id' })
    await expect(saveCollection(path, { documents: [{ id: 'bare' }] })).rejects.toMatchObject({ code: 'index.document' })
    await expect(openCollection(path)).rejects.toMatchObject({ code: 'index.missing' })
  })

  it('leave the old collection when saving fails', async () => {
    const path = join(folder, 'kept')
    await saveCollection(path, { documents, model: 'old' })
    const settings = JSON.parse('{}')
    settings.toJSON = () => {
      throw new TypeError('interrupted')
    }
    await expect(saveCollection(path, { documents: [], settings })).rejects.toBeDefined()
    expect((await openCollection(path)).manifest.model).toBe('old')
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('notice every truncated, changed or missing file', async () => {
    const whole = join(folder, 'whole')
    await saveCollection(whole, { documents, ...(await indexes()) })
    const names = (await readdir(whole, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    expect(names.length).toBe(12)
    const random = seededRandom(1)
    for (const entry of names) {
      const relative = join(entry.parentPath, entry.name).slice(whole.length + 1)
      const bytes = await readFile(join(whole, relative))
      const damages: [string, (file: string) => Promise<void>][] = [
        ['missing', (file) => rm(file)],
        ['empty', (file) => truncate(file, 0)],
        ['short', (file) => truncate(file, bytes.length - 2)],
        ['long', (file) => writeFile(file, Buffer.concat([bytes, Buffer.from(' x')]))],
        ...Array.from({ length: 6 }, (_, i): [string, (file: string) => Promise<void>] => [
          `bit ${i}`,
          async (file) => {
            const changed = Buffer.from(bytes)
            changed[random.integer(bytes.length)] ^= 1 << random.integer(8)
            await writeFile(file, changed)
          },
        ]),
      ]
      for (const [what, damage] of damages) {
        const copy = join(folder, 'damaged')
        await cp(whole, copy, { recursive: true })
        await damage(join(copy, relative))
        const error = await openCollection(copy).then(
          () => undefined,
          (caught: unknown) => caught,
        )
        // White space between the fields of a manifest is the one thing that may change.
        const harmless = entry.name === 'manifest.json' && dirname(relative) === '.' && error === undefined && what.startsWith('bit')
        if (harmless) expect(await withoutSpace(join(copy, relative))).toBe(await withoutSpace(join(whole, relative)))
        else
          expect(MsError.isInstance(error) && error.code, `${what}: ${relative}`).toMatch(/^index\.(missing|malformed|truncated|checksum)$/)
        await rm(copy, { recursive: true })
      }
    }
  })

  it('notice a well-signed file that lies', async () => {
    const path = join(folder, 'lie')
    const { lexicalIndex } = await indexes()
    await saveLexicalIndex(path, lexicalIndex)
    const sign = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
    const postings = new Uint32Array((await readFile(join(path, 'postings.u32'))).buffer.slice(0))
    const forged = new Uint8Array(new Uint32Array(postings.length || 1).fill(4_000_000_000).buffer)
    const { sha256: _, ...manifest } = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'))
    manifest.files['postings.u32'] = { bytes: forged.length, sha256: sign(forged) }
    await writeFile(join(path, 'postings.u32'), forged)
    await writeFile(join(path, 'manifest.json'), JSON.stringify({ ...manifest, sha256: sign(JSON.stringify(manifest)) }))
    await expect(openLexicalIndex(path)).rejects.toMatchObject({ code: 'index.malformed' })
  })
})

const withoutSpace = async (file: string) => JSON.stringify(JSON.parse(await readFile(file, 'utf8')))
