import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface GraphicsCard {
  readonly name: string
  /** Bytes of its own. */
  readonly memory?: number
  /** Version of its driver. */
  readonly driver?: string
}

const mebibyte = 2 ** 20

/** The graphics cards that the system tells about: NVIDIA's driver, else Linux' list of what draws. Never throws. */
export async function graphicsCards(): Promise<GraphicsCard[]> {
  const nvidia = await askNvidia().catch(() => [])
  const others = await drawingDevices('/sys/class/drm').catch(() => [])
  return [...nvidia, ...others.filter(({ name }) => nvidia.length === 0 || name !== vendors['0x10de'])]
}

async function askNvidia(): Promise<GraphicsCard[]> {
  const words = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits']
  const { stdout } = await promisify(execFile)('nvidia-smi', words, { timeout: 10_000 })
  return parseNvidia(stdout)
}

/** @param table lines of `name, MiB, driver` */
export function parseNvidia(table: string): GraphicsCard[] {
  return table
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 3)
    .map(([name, memory, driver]) => ({
      name: name.startsWith('NVIDIA') ? name : `NVIDIA ${name}`,
      ...(Number(memory) > 0 && { memory: Number(memory) * mebibyte }),
      driver,
    }))
}

const vendors: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA GPU', '0x1002': 'AMD GPU', '0x8086': 'Intel GPU' }

/** @param root `/sys/class/drm` */
export async function drawingDevices(root: string): Promise<GraphicsCard[]> {
  const cards: GraphicsCard[] = []
  for (const entry of (await readdir(root)).filter((name) => /^card\d+$/.test(name)).sort()) {
    const read = (name: string) =>
      readFile(join(root, entry, 'device', name), 'utf8').then(
        (text) => text.trim(),
        () => '',
      )
    const name = vendors[await read('vendor')]
    const memory = Number(await read('mem_info_vram_total'))
    if (name) cards.push({ name, ...(memory > 0 && { memory }) })
  }
  return cards
}
