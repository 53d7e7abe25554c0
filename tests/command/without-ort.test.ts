import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { traced, whyNotTraced } from '../../packages/embed/src/fixtures/engines.js'
import { tinyEncoder } from '../../packages/embed/src/fixtures/tiny-encoders.js'
import { loadEncoder } from '../../packages/embed/src/index.js'
import { exportOnnxDirectory, saveEncoderDirectory } from '../../packages/embed/src/node/index.js'
import { ms } from './ms.js'
import { writeTinyData, writeTinyModel } from './tiny-model.js'

/** Where the package is looked for, by what is wrong with it. */
const places: Record<'missing' | 'broken', string> = { missing: '', broken: '' }
let cwd: string
beforeAll(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'ms-without-ort-')))
  await writeFile(join(cwd, 'texts.txt'), 'red apple\nblue chair\n')
  await writeTinyModel(join(cwd, 'table'))
  const encoder = await loadEncoder(tinyEncoder('mean, normalised').files)
  await saveEncoderDirectory(encoder, join(cwd, 'network'))
  if (!traced) return
  await exportOnnxDirectory(encoder, join(cwd, 'shipped'))
  for (const kind of ['missing', 'broken'] as const) {
    await mkdir(join(cwd, kind, 'node_modules'), { recursive: true })
    places[kind] = pathToFileURL(join(cwd, kind, 'index.js')).href
  }
  // The package as it was published, but for its library, of which the beginning was written.
  const require = createRequire(new URL('../../packages/runtime/package.json', import.meta.url))
  const source = dirname(dirname(await realpath(require.resolve('onnxruntime-node'))))
  const target = join(cwd, 'broken/node_modules/onnxruntime-node')
  const library = join('bin/napi-v6', process.platform, process.arch, 'onnxruntime_binding.node')
  for (const part of ['package.json', 'dist']) await cp(join(source, part), join(target, part), { recursive: true })
  await mkdir(dirname(join(target, library)), { recursive: true })
  await cp(join(source, library), join(target, library))
  await truncate(join(target, library), 32)
  const common = await realpath(join(source, '..', 'onnxruntime-common'))
  await symlink(common, join(cwd, 'broken/node_modules/onnxruntime-common'), 'junction')
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const hook = new URL('replace-ort.mjs', import.meta.url).href

function encode(model: string, kind: keyof typeof places, ...more: string[]) {
  const env = {
    MS_CACHE: join(cwd, 'cache'),
    MS_THREADS: '1',
    NODE_OPTIONS: `--no-warnings --import ${hook}?from=${encodeURIComponent(places[kind])}`,
  }
  return ms(['encode', '--model', model, '--input', 'texts.txt', '--output', `${model}-${kind}.npy`, ...more], { cwd, env })
}

/** Lines of stderr about ONNX Runtime. */
const linesAbout = (stderr: string) => stderr.split('\n').filter((line) => line.includes('onnxruntime-node'))

describe.skipIf(!traced).each(['missing', 'broken'] as const)(`onnxruntime-node is %s${whyNotTraced}`, (kind) => {
  it('goes on to the next engine and says so in one line', async () => {
    const { code, stderr } = await encode('network', kind)
    expect(code, stderr).toBe(0)
    expect(linesAbout(stderr)).toHaveLength(1)
    expect(linesAbout(stderr)[0]).toMatch(
      /^the traced engine is passed over: onnxruntime-node cannot be loaded: .*npm install onnxruntime-node/,
    )
    expect(stderr).toContain('engine wasm')
    const golden = await ms(['encode', '--model', 'network', '--input', 'texts.txt', '--output', 'golden.npy'], { cwd })
    expect(golden.code, golden.stderr).toBe(0)
    const [found, expected] = await Promise.all([`network-${kind}.npy`, 'golden.npy'].map((name) => readFile(join(cwd, name))))
    expect(found.length).toBe(expected.length)
    for (let i = 128; i < found.length; i += 4) expect(Math.abs(found.readFloatLE(i) - expected.readFloatLE(i))).toBeLessThan(1e-5)
  })

  it('is an error where the engine was asked for by name', async () => {
    const { code, stderr } = await encode('network', kind, '--backend', 'traced')
    expect(code).toBe(1)
    expect(stderr).toMatch(/error\[engine\.unusable\].*onnxruntime-node cannot be loaded: .*npm install onnxruntime-node/s)
  })

  it('is an error for an exported model, which nothing else runs', async () => {
    const { code, stderr } = await encode('shipped', kind)
    expect(code).toBe(1)
    expect(stderr).toMatch(/error\[engine\.unusable\].*onnxruntime-node cannot be loaded: .*npm install onnxruntime-node/s)
  })

  it('does not matter to a table', async () => {
    const { code, stderr } = await encode('table', kind)
    expect(code, stderr).toBe(0)
    expect(linesAbout(stderr)).toEqual([])
  })
})

describe.skipIf(!traced)(`onnxruntime-node tells nobody what is computed${whyNotTraced}`, () => {
  const ownCi = ['CI', 'GITHUB_ACTIONS', 'GITLAB_CI', 'TF_BUILD', 'JENKINS_URL', 'TEAMCITY_VERSION', 'TRAVIS', 'APPVEYOR', 'CIRCLECI']
  const left = async (line: string, name: string, more: Record<string, string> = {}) => {
    const home = join(cwd, name)
    await mkdir(home)
    // It is quiet by itself where it sees that it is tested.
    const seen = Object.fromEntries(ownCi.map((variable) => [variable, '']))
    const env = {
      ...seen,
      HOME: home,
      USERPROFILE: home,
      XDG_CACHE_HOME: join(home, '.cache'),
      MS_CACHE: join(cwd, 'other-cache'),
      ...more,
    }
    const { code, stderr } = await ms(line.split(' '), { cwd, env })
    expect(code, stderr).toBe(0)
    return readdir(home, { recursive: true })
  }

  it.each([
    ['encode', '--model network --input texts.txt --output here.npy'],
    ['encode', '--model shipped --input texts.txt --output here.npy'],
    ['train', '--model network --data data --epochs 1 --backend traced --out run'],
  ])('%s %s leaves nothing in the home folder', async (command, words) => {
    await writeTinyData(join(cwd, 'data'))
    expect(await left(`${command} ${words}`, `home ${words}`)).toEqual([])
  })

  it.runIf(process.platform === 'linux')('which it does where the user has it so', async () => {
    const words = 'encode --model shipped --input texts.txt --output here.npy'
    expect(await left(words, 'other home', { ORT_DISABLE_TELEMETRY: '0' })).not.toEqual([])
  })
})
