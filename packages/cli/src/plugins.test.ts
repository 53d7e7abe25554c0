import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareCommand } from './commands/compare.js'
import { encode } from './commands/encode.js'
import { evaluateCommand } from './commands/eval.js'
import { exportCommand } from './commands/export.js'
import { indexCommand } from './commands/index-collection.js'
import { searchCommand } from './commands/search.js'
import { trainCommand } from './commands/train.js'
import { runCommand as ms } from './fixtures/run-command.js'
import { loadPlugins } from './load-plugins.js'

const plugin = fileURLToPath(new URL('./fixtures/letters-plugin.mjs', import.meta.url))
const words =
  'apple bread chair dance eagle flute grape house igloo joker knife lemon mango night ocean piano queen river snake tiger'.split(' ')
/** The letters of a word in another order. */
const shuffled = (word: string) => [...word].reverse().join('')

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-plugins-'))
  const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  await writeFile(at('pairs.jsonl'), lines(words.map((word) => ({ anchor: shuffled(word), positive: word }))))
  await writeFile(at('corpus.jsonl'), lines(words.map((word) => ({ _id: word, text: word }))))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('--plugin', () => {
  it('trains a fresh encoder by its name, resumes it, and measures and compares the run', async () => {
    const given = ['--plugin', plugin, '--model', 'letter-shares', '--data', at('pairs.jsonl')]
    const settings = ['--epochs', '2', '--batch-size', '8', '--lr', '0.01']
    const run = await ms(trainCommand as never, ...given, ...settings, '--out', at('run'))
    expect(run.json).toMatchObject({ model: at('run', 'model') })
    expect(JSON.parse(await readFile(at('run', 'model', 'encoder_plugin.json'), 'utf8'))).toEqual({
      plugin: 'letter-shares',
      config: { version: 1 },
    })
    const resumed = await ms(trainCommand as never, ...given, ...settings, '--out', at('run'), '--resume')
    expect(resumed.json['steps']).toBe(run.json['steps'])
    const { json } = await ms(evaluateCommand as never, '--plugin', plugin, '--model', at('run'), '--data', at('pairs.jsonl'))
    expect((json['metrics'] as Record<string, number>)['mrr@10']).toBe(1)
    const compared = await ms(compareCommand as never, '--plugin', plugin, '--tuned', at('run'), '--data', at('pairs.jsonl'))
    expect(Object.keys(compared.json['systems'] as object)).toContain('tuned')
  })

  it('says which plug-in a model needs, and imports nothing that the model names', async () => {
    const evaluating = ms(evaluateCommand as never, '--model', at('run'), '--data', at('pairs.jsonl'))
    await expect(evaluating).rejects.toMatchObject({ code: 'encoder.plugin-missing', message: expect.stringContaining('letter-shares') })
    const encoding = ms(encode as never, '--model', at('run'), '--input', at('corpus.jsonl'), '--output', at('never.npy'))
    await expect(encoding).rejects.toMatchObject({ code: 'encoder.plugin-missing' })
  })

  it('encodes, and makes a collection that asks for the plug-in when it is searched', async () => {
    const encoded = await ms(encode as never, '--plugin', plugin, '--input', at('corpus.jsonl'), '--output', at('all.npy'))
    expect(encoded.json).toMatchObject({ count: words.length, dim: 26 })
    const collection = ['--collection', at('collection')]
    await ms(indexCommand as never, 'create', ...collection, '--plugin', plugin, '--input', at('corpus.jsonl'))
    const found = await ms(searchCommand as never, ...collection, '--plugin', plugin, '--mode', 'dense', 'elppa')
    expect((found.json['results'] as { id: string }[])[0].id).toBe('apple')
    await expect(ms(searchCommand as never, ...collection, 'elppa')).rejects.toMatchObject({ code: 'encoder.plugin-missing' })
    expect((await ms(searchCommand as never, ...collection, '--mode', 'lexical', 'apple')).json['results']).toHaveLength(1)
  })
})

describe('ms export --plugin', () => {
  it('writes the graph beside a model that the plug-in opens', async () => {
    const { json } = await ms(exportCommand as never, '--plugin', plugin, '--out', at('exported'))
    expect(Object.keys(json['files'] as object)).toEqual(['onnx/model.onnx'])
    const encoded = ['--input', at('corpus.jsonl'), '--plugin', plugin]
    await ms(encode as never, '--model', at('exported'), '--output', at('exported.npy'), ...encoded)
    await ms(encode as never, '--output', at('fresh.npy'), ...encoded)
    expect((await readFile(at('exported.npy'))).equals(await readFile(at('fresh.npy')))).toBe(true)
    await expect(ms(exportCommand as never, '--plugin', plugin, '--out', at('exported-small'), '--quantize', 'int8')).rejects.toMatchObject(
      { code: 'onnx.nothing-to-quantize' },
    )
  })
})

describe('loadPlugins', () => {
  const written = async (name: string, content: string) => {
    await writeFile(at(name), content)
    return `./${name}`
  }

  it('finds a package as the folder would import it, and the folder of a package', async () => {
    await mkdir(at('project', 'node_modules'), { recursive: true })
    const manifest = { name: 'letters', type: 'module', exports: { import: './index.mjs' } }
    await mkdir(at('letters'))
    await writeFile(at('letters', 'package.json'), JSON.stringify(manifest))
    await writeFile(at('letters', 'index.mjs'), `export { default } from ${JSON.stringify(plugin)}`)
    await symlink(at('letters'), at('project', 'node_modules', 'letters'))
    for (const spec of ['letters', '../letters', at('letters', 'index.mjs')]) {
      expect(
        (await loadPlugins([spec], at('project'))).map(({ name }) => name),
        spec,
      ).toEqual(['letter-shares'])
    }
  })

  it('says what is wrong with a module', async () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['./nowhere.js', 'plugin.missing'],
      ['no-such-package', 'plugin.missing'],
      [await written('throws.mjs', 'throw new Error("out of luck")'), 'plugin.failed'],
      [await written('empty.mjs', 'export const plugin = {}'), 'plugin.invalid'],
      [await written('named.mjs', 'export default { name: "../up", modality: "text", create() {}, load() {} }'), 'plugin.invalid'],
      [await written('modality.mjs', 'export default { name: "sound", modality: "sound", create() {}, load() {} }'), 'plugin.invalid'],
      [await written('no-load.mjs', 'export default { name: "half", modality: "text", create() {} }'), 'plugin.invalid'],
    ]
    for (const [spec, code] of wrong) await expect(loadPlugins([spec], folder), spec).rejects.toMatchObject({ code })
    await expect(loadPlugins([plugin, plugin])).rejects.toMatchObject({ code: 'cli.usage' })
  })
})
