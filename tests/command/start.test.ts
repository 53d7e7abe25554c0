import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { traced, whyNotTraced } from '../../packages/embed/src/fixtures/engines.js'
import { tinyEncoder } from '../../packages/embed/src/fixtures/tiny-encoders.js'
import { loadEncoder } from '../../packages/embed/src/index.js'
import { saveEncoderDirectory } from '../../packages/embed/src/node/index.js'
import { ms } from './ms.js'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'ms-start-'))
  await writeFile(join(cwd, 'one.txt'), 'start on a new page\n')
  await saveEncoderDirectory(await loadEncoder(tinyEncoder('mean, normalised').files), join(cwd, 'network'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const hook = fileURLToPath(new URL('report-process.cjs', import.meta.url))

/** One sentence in a process of its own. */
async function encode(model: string, ...more: string[]) {
  return encodeFrom('one.txt', model, ...more)
}

async function encodeFrom(input: string, model: string, ...more: string[]) {
  const env = { MS_CACHE: join(cwd, 'cache'), MS_THREADS: '1', NODE_OPTIONS: `--require=${JSON.stringify(hook)}` }
  const words = ['encode', '--model', model, '--input', input, '--output', 'one.npy', ...more]
  const { code, stderr } = await ms(words, { cwd, env })
  expect(code, stderr).toBe(0)
  const { tensorflow, cpuMs } = JSON.parse(/^process (.*)$/m.exec(stderr)?.[1] ?? '{}') as { tensorflow: boolean; cpuMs: number }
  return { tensorflow, cpuMs, stderr, bytes: await readFile(join(cwd, 'one.npy')) }
}

describe.skipIf(!traced)(`the start of ms encode${whyNotTraced}`, () => {
  it.each(['network', 'ms-mini-text'])(
    '%s: the second process loads no TensorFlow.js, takes less, and gives the same bytes',
    async (model) => {
      const first = await encode(model)
      expect(first.tensorflow).toBe(true)
      const later = [await encode(model), await encode(model), await encode(model)]
      for (const { tensorflow, bytes } of later) {
        expect(tensorflow).toBe(false)
        expect(bytes.equals(first.bytes)).toBe(true)
      }
      // CPU time of the whole process. Measured: about half.
      expect(Math.min(...later.map(({ cpuMs }) => cpuMs))).toBeLessThan(0.85 * first.cpuMs)
    },
  )

  it('takes pictures to a model that was exported without TensorFlow.js, and makes the vectors of the model itself', async () => {
    await mkdir(join(cwd, 'pictures'))
    const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="30" cy="30" r="20" fill="red"/></svg>'
    await writeFile(join(cwd, 'pictures', 'one.svg'), drawing)
    expect(await ms(['export', '--model', 'ms-mini-image', '--out', 'shipped'], { cwd })).toMatchObject({ code: 0 })
    const [itself, exported] = [await encodeFrom('pictures', 'ms-mini-image'), await encodeFrom('pictures', 'shipped')]
    expect([itself.tensorflow, exported.tensorflow]).toEqual([true, false])
    expect(exported.bytes.length).toBe(itself.bytes.length)
    for (let at = 128; at < itself.bytes.length; at += 4) {
      expect(Math.abs(exported.bytes.readFloatLE(at) - itself.bytes.readFloatLE(at))).toBeLessThan(1e-5)
    }
  })

  it('asks the engine that was named', async () => {
    const { tensorflow, stderr } = await encode('network', '--backend', 'cpu')
    expect(tensorflow).toBe(true)
    expect(stderr).toContain('engine cpu')
  })
})
