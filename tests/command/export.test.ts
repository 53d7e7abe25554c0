import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { traced, whyNotTraced } from '../../packages/embed/src/fixtures/engines.js'
import { tinyEncoder } from '../../packages/embed/src/fixtures/tiny-encoders.js'
import { loadEncoder } from '../../packages/embed/src/index.js'
import { saveEncoderDirectory } from '../../packages/embed/src/node/index.js'
import { ms } from './ms.js'
import { writeTinyData, writeTinyModel } from './tiny-model.js'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'ms-export-'))
  await writeTinyModel(join(cwd, 'table'))
  await writeTinyData(join(cwd, 'data'))
  await saveEncoderDirectory(await loadEncoder(tinyEncoder('mean, normalised').files), join(cwd, 'network'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const run = (line: string) => ms(line.split(' '), { cwd })

describe.skipIf(!traced)(`ms export${whyNotTraced}`, () => {
  it('writes a model that embeds as before, and says what it cost', async () => {
    const { code, stdout, stderr } = await run('export --model network --out shipped --data data --json')
    expect(code, stderr).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ out: 'shipped', quantize: null, metric: 'ndcg@10', split: 'test' })
    expect(result.before).toBeGreaterThan(0)
    expect(result.after).toBeCloseTo(result.before, 6)
    expect(await readdir(join(cwd, 'shipped/onnx'))).toEqual(['exported.json', 'model.onnx'])
    expect(await readdir(join(cwd, 'shipped'))).not.toContain('model.safetensors')

    const encoded = await Promise.all(
      ['network', 'shipped'].map((model) => run(`encode --model ${model} --input data/queries.jsonl --output ${model}.npy --json`)),
    )
    const [before, after] = encoded.map(({ stdout }) => JSON.parse(stdout))
    expect(after.space).toBe(before.space)
    const [a, b] = await Promise.all(['network.npy', 'shipped.npy'].map((name) => readFile(join(cwd, name))))
    expect(a.length).toBe(b.length)
    for (let i = 128; i < a.length; i += 4) expect(Math.abs(a.readFloatLE(i) - b.readFloatLE(i))).toBeLessThan(1e-5)
  })

  it('exports a table, which stays a model like any other', async () => {
    expect(await run('export --model table --out table-shipped')).toMatchObject({ code: 0 })
    expect(await readdir(join(cwd, 'table-shipped/onnx'))).toEqual(['graphs.json', 'model.onnx'])
    expect(await run('encode --model table-shipped --input data/queries.jsonl --output t.npy')).toMatchObject({ code: 0 })
  })

  it('refuses what cannot be: another folder, training an export, another engine, nothing to quantise', async () => {
    const refused = await Promise.all([
      run('export --model network --out data'),
      run('train --model shipped --data data --out run'),
      run('encode --model shipped --input data/queries.jsonl --output o.npy --backend wasm'),
      run('export --model table --out small --quantize int8'),
      run('export --model network --out x --format tflite'),
    ])
    expect(refused.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2])
    const codes = ['onnx.folder', 'encoder.exported', 'cli.usage', 'onnx.nothing-to-quantize', 'cli.usage']
    for (const [i, { stderr }] of refused.entries()) expect(stderr).toContain(`error[${codes[i]}]`)
    expect(await readdir(cwd)).not.toContain('small')
  })
})
