import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replaceDirectory, restoreDirectory, writeFileAtomic } from './atomic-write.js'
import { directoryFiles } from './directory-files.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-core-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('directoryFiles', () => {
  it('lists, reads and writes below the folder, whatever slash the path ends with', async () => {
    for (const location of [join(folder, 'files'), `${join(folder, 'files')}/`]) {
      const files = directoryFiles(location)
      await files.write('1_Pooling/config.json', new TextEncoder().encode('{}'))
      expect(await files.list()).toEqual(['1_Pooling/config.json'])
      expect(new TextDecoder().decode(await files.read('1_Pooling/config.json'))).toBe('{}')
    }
  })
  it('refuses to leave the folder and names what is missing', async () => {
    const files = directoryFiles(join(folder, 'files'))
    for (const name of ['../x', '/etc/passwd', 'a/../../x']) await expect(files.read(name)).rejects.toMatchObject({ code: 'file.outside' })
    await expect(files.read('none.json')).rejects.toMatchObject({ code: 'file.missing', where: join(folder, 'files', 'none.json') })
    await expect(directoryFiles(join(folder, 'none')).list()).rejects.toMatchObject({ code: 'file.missing' })
  })
})

describe('atomic writes', () => {
  it('leave the old file, and nothing else, when they fail', async () => {
    await writeFileAtomic(join(folder, 'a.txt'), 'old')
    await expect(writeFileAtomic(join(folder, 'a.txt', 'b.txt'), 'x')).rejects.toMatchObject({ code: 'file.unwritable' })
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('old')
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
  it('replace a directory whole or not at all', async () => {
    const target = join(folder, 'model')
    await replaceDirectory(target, (temporary) => writeFile(join(temporary, 'one'), '1'))
    const failing = replaceDirectory(target, async (temporary) => {
      await writeFile(join(temporary, 'two'), '2')
      throw new TypeError('interrupted')
    })
    await expect(failing).rejects.toMatchObject({ code: 'file.unwritable' })
    expect(await readdir(target)).toEqual(['one'])
    await replaceDirectory(target, (temporary) => writeFile(join(temporary, 'two'), '2'))
    expect(await readdir(target)).toEqual(['two'])
    expect((await readdir(folder)).sort()).toEqual(['a.txt', 'files', 'model'])
  })
  it('give back what was moved aside when the process died in between', async () => {
    const target = join(folder, 'killed', 'model')
    await mkdir(target, { recursive: true })
    await writeFile(join(target, 'one'), '1')
    await rename(target, `${target}.0123456789ab.old`)
    expect(await restoreDirectory(target)).toBe(true)
    expect(await readdir(target)).toEqual(['one'])
    expect(await restoreDirectory(target)).toBe(true)
    expect(await restoreDirectory(join(folder, 'killed', 'other'))).toBe(false)
  })
})
