import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const script = fileURLToPath(new URL('round_trip.py', import.meta.url))

/** A Python with sentence-transformers: `MS_PYTHON`, one in `.cache/python`, or the system's. */
export function findPython(): string | undefined {
  const environment = process.env
  const candidates = [environment['MS_PYTHON'], join(root, '.cache/python/bin/python3'), '/usr/local/bin/python3', '/usr/bin/python3']
  const check = 'import importlib.util, sys; sys.exit(0 if importlib.util.find_spec("sentence_transformers") else 1)'
  return candidates.find((path) => path && existsSync(path) && spawnSync(path, ['-c', check]).status === 0)
}

export type Job =
  | { action: 'encode'; path: string; texts: readonly string[]; library: 'sentence-transformers' | 'model2vec' }
  | { action: 'resave'; path: string; to: string; layout: 'new' | 'old' }

export interface Result {
  readonly error?: string
  readonly dim?: number
  /** base64 of float32 */
  readonly query?: string
  readonly document?: string
  readonly encode?: string
}

/** Runs all jobs in one process: starting it takes longer than most of them. */
export function runPython(python: string, folder: string, jobs: readonly Job[]): Result[] {
  const target = join(folder, 'results.json')
  const { status, stderr } = spawnSync(python, [script, target], { input: JSON.stringify(jobs), encoding: 'utf8', timeout: 300_000 })
  if (status !== 0) throw new RangeError(`Python ended with ${status}: ${stderr.slice(-2000)}`)
  return JSON.parse(readFileSync(target, 'utf8')) as Result[]
}

export const floatsOf = (base64 = ''): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)
