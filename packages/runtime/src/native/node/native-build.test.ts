import { chmod, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nativeEnvironment } from './environment.js'
import { installNative } from './install-native.js'
import { addonFile, findNativeBuild, nativeFolder, partsFor, platformName } from './native-build.js'

const supported = process.platform === 'linux' && process.arch === 'x64'

let cache: string
let folder: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'ms-native-'))
  folder = nativeFolder('native', cache)
})
afterEach(() => rm(cache, { recursive: true, force: true }))

/** A folder that looks like a finished build; its addon is no library. */
async function pretendBuild(change: object = {}): Promise<void> {
  const { tensorflow, addon } = partsFor('native')
  const manifest = {
    format: 1,
    kind: 'native',
    platform: platformName(),
    tensorflow: tensorflow.version,
    tfjs: addon.version,
    files: { [addonFile]: 7 },
    ...change,
  }
  await mkdir(join(folder, 'addon'), { recursive: true })
  await writeFile(join(folder, addonFile), '1234567')
  await writeFile(join(folder, 'native.json'), JSON.stringify(manifest))
}

/** A program that does what it is told to. */
async function program(name: string, script: string): Promise<string> {
  const path = join(cache, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

describe.skipIf(!supported)('findNativeBuild (linux-x64)', () => {
  const refused = (state: string, message: RegExp) =>
    expect(findNativeBuild('native', cache)).rejects.toMatchObject({
      code: 'engine.unusable',
      message: expect.stringMatching(message),
      advice: expect.stringContaining('ms doctor --install native'),
      details: { state, folder },
    })

  it('takes a whole build of this version', async () => {
    await pretendBuild()
    expect(await findNativeBuild('native', cache)).toMatchObject({
      folder,
      manifest: { tensorflow: partsFor('native').tensorflow.version },
    })
  })

  it('says what is wrong with any other', async () => {
    await refused('absent', /not installed/)
    await mkdir(folder, { recursive: true })
    await refused('half-built', /not finished/)
    await writeFile(join(folder, 'native.json'), '{"format": 1, "ki')
    await refused('half-built', /not finished/)
    await pretendBuild({ tensorflow: '2.9.1' })
    await refused('other-version', /built for TensorFlow 2\.9\.1.*needs TensorFlow 2\.21/)
    await pretendBuild({ platform: 'linux-arm64' })
    await refused('other-version', /linux-arm64/)
    await pretendBuild({ format: 0 })
    await refused('other-version', /another version of @ms\/runtime/)
    await pretendBuild()
    await truncate(join(folder, addonFile), 3)
    await refused('half-built', /has 3 bytes instead of 7/)
    await rm(join(folder, addonFile))
    await refused('half-built', /tfjs_binding\.node is missing/)
  })
})

describe.skipIf(!supported)('installNative (linux-x64)', () => {
  it('leaves a good build alone', async () => {
    await pretendBuild()
    expect(await installNative({ kind: 'native', cache })).toMatchObject({ built: false, folder })
  })

  it('names the tool that is missing', async () => {
    const compiler = await program('c++', 'exit 0')
    const none = installNative({ kind: 'native', cache, compiler: join(cache, 'none') })
    await expect(none).rejects.toMatchObject({ code: 'native.tool-missing', kind: 'input', advice: expect.stringContaining('CXX') })
    const noPython = installNative({ kind: 'native', cache, compiler, python: join(cache, 'python') })
    await expect(noPython).rejects.toMatchObject({ code: 'native.tool-missing', advice: expect.stringContaining('PYTHON') })
    const noPip = installNative({
      kind: 'native',
      cache,
      compiler,
      python: await program('python', 'echo "No module named pip" >&2; exit 1'),
    })
    await expect(noPip).rejects.toMatchObject({ code: 'native.tool-missing', where: expect.stringContaining('-m pip') })
  })

  it('leaves nothing behind when a download is not what it should be, and keeps what was there', async () => {
    await pretendBuild({ tensorflow: '2.9.1' })
    const compiler = await program('c++', 'exit 0')
    const python = await program(
      'python',
      'case "$*" in *--version*) exit 0;; esac; echo "THESE PACKAGES DO NOT MATCH THE HASHES" >&2; exit 1',
    )
    const stages: string[] = []
    const installing = installNative({ kind: 'native', cache, compiler, python, onStage: (stage) => stages.push(stage) })
    await expect(installing).rejects.toMatchObject({
      code: 'native.build-failed',
      message: expect.stringContaining('DO NOT MATCH'),
      advice: expect.stringContaining('package index'),
    })
    expect(stages).toEqual([expect.stringContaining('downloading tensorflow-cpu')])
    expect(await readdir(join(cache, 'native'))).toEqual(['native'])
    await expect(findNativeBuild('native', cache)).rejects.toMatchObject({ details: { state: 'other-version' } })
  })
})

it('knows where there is nothing to build with', () => {
  expect(() => partsFor('native', 'win32-x64')).toThrow(expect.objectContaining({ code: 'native.platform', where: 'win32-x64' }))
  expect(() => partsFor('native-gpu', 'linux-arm64')).toThrow(expect.objectContaining({ code: 'native.platform' }))
})

it('the environment keeps what the user has set', () => {
  expect(nativeEnvironment(3, { TF_CPP_MIN_LOG_LEVEL: '0' })).toEqual({
    TF_NUM_INTRAOP_THREADS: '3',
    TF_NUM_INTEROP_THREADS: '1',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  })
})
