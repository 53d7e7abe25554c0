import { appendFile, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vectors } from '@ms/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openVectorFile } from './vector-file.js'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-vectors-'))
  path = join(folder, 'out.npy')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const rows = (first: number, count: number) =>
  vectors(
    Float32Array.from({ length: count * 2 }, (_, i) => first + i / 2),
    count,
    2,
  )
const names = (first: number, count: number) => Array.from({ length: count }, (_, i) => `é${first + i}`)
const options = { dim: 2, signature: 'a' }

async function written(): Promise<{ header: string; values: number[]; ids: string }> {
  const bytes = await readFile(path)
  const length = 10 + bytes.readUInt16LE(8)
  const data = bytes.subarray(length)
  return {
    header: bytes.subarray(10, length).toString('latin1'),
    values: Array.from({ length: data.length / 4 }, (_, i) => data.readFloatLE(4 * i)),
    ids: await readFile(join(folder, 'out.ids.txt'), 'utf8'),
  }
}

describe('openVectorFile', () => {
  it('writes rows and ids, and nothing else is left', async () => {
    const file = await openVectorFile(path, options)
    await file.append(names(0, 3), rows(0, 3))
    await file.append(names(3, 1), rows(3, 1))
    await file.finish()
    expect((await readdir(folder)).sort()).toEqual(['out.ids.txt', 'out.npy'])
    const { header, values, ids } = await written()
    expect(header).toContain("'shape': (4, 2)")
    expect(header.endsWith('\n')).toBe(true)
    expect(values).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
    expect(ids).toBe('é0\né1\né2\né3\n')
  })

  it('takes no id that is more than a line', async () => {
    const file = await openVectorFile(path, options)
    for (const id of ['a\nb', 'a\r', '\n']) {
      await expect(file.append(['fine', id], rows(0, 2))).rejects.toMatchObject({
        code: 'encode.id',
        message: expect.stringContaining('\\'),
      })
    }
    await file.append(['fine'], rows(0, 1))
    await file.finish()
    expect((await written()).ids).toBe('fine\n')
  })

  it('goes on behind the last row that is whole in both files', async () => {
    const broken = await openVectorFile(path, options)
    await broken.append(names(0, 3), rows(0, 3))
    await broken.close()
    await truncate(`${path}.partial`, 128 + 2 * 8 + 3) // the third row is a stump
    await appendFile(join(folder, 'out.ids.txt.partial'), 'é3\né')
    const file = await openVectorFile(path, { ...options, resume: true })
    expect(file.present).toEqual(['é0', 'é1'])
    await file.append(names(2, 2), rows(2, 2))
    await file.finish()
    expect(await written()).toMatchObject({ values: [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5], ids: 'é0\né1\né2\né3\n' })
  })

  it('begins anew without resume, or where nothing is left', async () => {
    const broken = await openVectorFile(path, options)
    await broken.append(names(0, 3), rows(0, 3))
    await broken.close()
    const anew = await openVectorFile(path, options)
    expect(anew.present).toEqual([])
    await anew.finish()
    expect((await written()).header).toContain("'shape': (0, 2)")
    const resumed = await openVectorFile(path, { ...options, resume: true })
    expect(resumed.present).toEqual([])
    await resumed.close()
  })

  it('leaves nothing behind when no row was written', async () => {
    await (await openVectorFile(path, options)).close()
    expect(await readdir(folder)).toEqual([])
  })

  it('refuses what another command has left', async () => {
    const broken = await openVectorFile(path, options)
    await broken.append(names(0, 1), rows(0, 1))
    await broken.close()
    await expect(openVectorFile(path, { ...options, signature: 'b', resume: true })).rejects.toMatchObject({ code: 'encode.resume' })
  })
})
