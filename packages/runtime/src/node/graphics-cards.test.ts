import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { drawingDevices, graphicsCards, parseNvidia } from './graphics-cards.js'

it('reads what NVIDIA says', () => {
  expect(parseNvidia('NVIDIA H100 80GB HBM3, 81559, 550.54.15\nTesla T4, [N/A], 535.1\n')).toEqual([
    { name: 'NVIDIA H100 80GB HBM3', memory: 81559 * 2 ** 20, driver: '550.54.15' },
    { name: 'NVIDIA Tesla T4', driver: '535.1' },
  ])
  expect(parseNvidia('NVIDIA-SMI has failed because it could not communicate with the driver.\n')).toEqual([])
})

it('reads what Linux lists, and leaves out what it does not know', async () => {
  const root = await mkdtemp(join(tmpdir(), 'ms-drm-'))
  const device = async (name: string, files: Record<string, string>) => {
    await mkdir(join(root, name, 'device'), { recursive: true })
    for (const [file, text] of Object.entries(files)) await writeFile(join(root, name, 'device', file), text)
  }
  await device('card0', { vendor: '0x1002\n', mem_info_vram_total: '8573157376\n' })
  await device('card0-HDMI-A-1', { vendor: '0x1002\n' })
  await device('card1', { vendor: '0x8086\n' })
  await device('card2', { vendor: '0x1234\n' })
  expect(await drawingDevices(root)).toEqual([{ name: 'AMD GPU', memory: 8573157376 }, { name: 'Intel GPU' }])
  await rm(root, { recursive: true })
})

it('never fails', async () => {
  expect(await graphicsCards()).toBeInstanceOf(Array)
})
