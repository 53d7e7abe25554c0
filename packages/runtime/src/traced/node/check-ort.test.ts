import { copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { whatIsWrongWith } from './check-ort.js'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ort-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const whole = (() => {
  try {
    return createRequire(import.meta.url).resolve('onnxruntime-node')
  } catch {
    return undefined
  }
})()

it.each([
  ['1.17.3', 'version 1.17.3 is too old, 1.30 is needed'],
  ['0.31.0', 'version 0.31.0 is too old, 1.30 is needed'],
  ['1.30.0', undefined],
  ['2.0.0-dev', undefined],
])('version %s', async (version, wrong) => {
  await writeFile(join(root, 'package.json'), JSON.stringify({ version }))
  expect(whatIsWrongWith(join(root, 'dist', 'index.js'))).toBe(wrong)
})

const whyNot = whole && process.platform === 'linux' ? '' : ' (skipped: no onnxruntime-node for Linux)'

it.skipIf(whyNot)(`a library that was cut off is told without loading it${whyNot}`, async () => {
  expect(whatIsWrongWith(whole as string)).toBeUndefined()
  const [name, folder] = ['onnxruntime_binding.node', join('bin', 'napi-v6', 'linux', process.arch)]
  const source = join(dirname(dirname(whole as string)), folder, name)
  await mkdir(join(root, folder), { recursive: true })
  await writeFile(join(root, 'package.json'), '{"version":"1.30.0"}')
  const copy = join(root, folder, name)
  await copyFile(source, copy)
  expect(whatIsWrongWith(join(root, 'dist', 'index.js'))).toBeUndefined()
  await truncate(copy, 1000)
  expect(whatIsWrongWith(join(root, 'dist', 'index.js'))).toBe(`${name} is not whole`)
})
