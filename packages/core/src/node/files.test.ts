import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replaceDirectory, restoreDirectory, writeFileAtomic } from './atomic-write.js'
import { directoryFiles } from './directory-files.js'
import { ownerTag } from './owned-name.js'

/** The tag of a process of this machine that has ended. */
async function deadOwner(): Promise<string> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  const pid = (child.pid ?? 0).toString(16).padStart(8, '0')
  return `${ownerTag().slice(0, 8) + pid}0123abcd`
}

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
  it('lists what is in linked folders, but for links to a folder on the way', async () => {
    const own = await mkdtemp(join(tmpdir(), 'ms-links-'))
    await mkdir(join(own, 'elsewhere', 'cats'), { recursive: true })
    await writeFile(join(own, 'elsewhere', 'cats', 'tom.png'), '')
    await mkdir(join(own, 'linked', 'dogs'), { recursive: true })
    await symlink(join(own, 'elsewhere', 'cats'), join(own, 'linked', 'cats'))
    await symlink(join(own, 'linked'), join(own, 'linked', 'dogs', 'round'))
    await symlink(join(own, 'elsewhere', 'cats', 'tom.png'), join(own, 'linked', 'dogs', 'rex.png'))
    const files = directoryFiles(join(own, 'linked'))
    expect(await files.list()).toEqual(['cats/tom.png', 'dogs/rex.png'])
    expect(await files.read('cats/tom.png')).toHaveLength(0)
    await rm(own, { recursive: true })
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
  it('make the folders above them', async () => {
    await Promise.all(['x', 'y'].map((name) => writeFileAtomic(join(folder, 'made', 'deep', 'deeper', name), name)))
    expect(await readdir(join(folder, 'made', 'deep', 'deeper'))).toEqual(['x', 'y'])
    await rm(join(folder, 'made'), { recursive: true })
  })
  const whyNot = existsSync('/proc/self') ? '' : ' (skipped: no /proc)'
  it.skipIf(whyNot)(`end where the system says that there is no such place${whyNot}`, async () => {
    await expect(writeFileAtomic('/proc/nothing/deep/a.txt', 'x')).rejects.toMatchObject({ code: 'file.unwritable' })
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
    await rename(target, `${target}.${await deadOwner()}.old`)
    expect(await restoreDirectory(target)).toBe(true)
    expect(await readdir(target)).toEqual(['one'])
    expect(await restoreDirectory(target)).toBe(true)
    expect(await restoreDirectory(join(folder, 'killed', 'other'))).toBe(false)
  })
  it('remove at the next save what killed processes left, and nothing else', async () => {
    const parent = join(folder, 'swept')
    const target = join(parent, 'model')
    const dead = await deadOwner()
    const alive = ownerTag()
    const elsewhere = `00000000${dead.slice(8)}`
    const others = [
      'model.other',
      `model.v2.${dead}.tmp`,
      `other.${dead}.tmp`,
      'model.0123.tmp',
      `model.${alive}.tmp`,
      `model.${elsewhere}.tmp`,
    ]
    const leftovers = [`model.${dead}.tmp`, `model.${dead}.old`, `model.${elsewhere.slice(0, -1)}f.tmp`]
    await mkdir(target, { recursive: true })
    for (const name of [...others, ...leftovers]) {
      await mkdir(join(parent, name))
      await writeFile(join(parent, name, 'half'), '')
    }
    // The other machine's second folder has not been touched for two days, nor has anything in it.
    const old = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000)
    for (const path of ['half', '']) await utimes(join(parent, leftovers[2], path), old, old)
    await replaceDirectory(target, (temporary) => writeFile(join(temporary, 'one'), '1'))
    expect((await readdir(parent)).sort()).toEqual(['model', ...others].sort())
    expect(await readdir(target)).toEqual(['one'])

    await writeFile(join(parent, `.${dead}.tmp`), 'half')
    await writeFile(join(parent, `.${alive}.tmp`), 'half')
    await writeFileAtomic(join(parent, 'a.txt'), 'whole')
    expect((await readdir(parent)).sort()).toEqual(['model', 'a.txt', `.${alive}.tmp`, ...others].sort())
  })
  it('let several processes save into one place at a time', async () => {
    const target = join(folder, 'crowded')
    const save = (i: number) =>
      replaceDirectory(target, async (temporary) => {
        for (const part of ['a', 'b']) {
          await writeFile(join(temporary, part), `${i}`)
          await new Promise((done) => setTimeout(done, 5))
        }
      })
    await Promise.allSettled(Array.from({ length: 6 }, (_, i) => save(i)))
    const parts = await Promise.all(['a', 'b'].map((part) => readFile(join(target, part), 'utf8')))
    expect(new Set(parts).size).toBe(1)
  })
})
