import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { MsError } from '@ms/core'

/** Programs that a build needs; their names can be overruled. */
export interface Tools {
  /** With pip 20.3 or later. Default: the environment's `PYTHON`, else `python3`. */
  readonly python: string
  /** Of C++17. Default: the environment's `CXX`, else `c++`. */
  readonly compiler: string
}

export interface ToolRun {
  /** What it is for, as in "downloading TensorFlow". */
  readonly what: string
  readonly where?: string
  readonly environment?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
}

/**
 * Runs a program to its end. @returns what it printed
 * @throws `native.tool-missing`, `native.build-failed` with its last words
 */
export async function runTool(program: string, words: readonly string[], { what, where, environment, signal }: ToolRun): Promise<string> {
  try {
    const options = { cwd: where, env: { ...process.env, ...environment }, maxBuffer: 2 ** 26, signal }
    return (await promisify(execFile)(program, [...words], options)).stdout
  } catch (cause) {
    signal?.throwIfAborted()
    const { code, stderr } = cause as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') throw missing(program, what)
    const said = (stderr ?? '').trim().split('\n').filter(Boolean).slice(-4).join(' | ')
    throw new MsError('native.build-failed', `${what} failed: ${said || String(cause)}`, {
      where: program,
      advice: adviceFor(said),
      kind: 'failure',
      cause,
    })
  }
}

/** @throws `native.tool-missing` for the first that is not there */
export async function checkTools({ python, compiler }: Tools, signal?: AbortSignal): Promise<void> {
  await runTool(compiler, ['--version'], { what: 'asking the compiler for its version', signal })
  await runTool(python, ['-m', 'pip', '--version'], { what: 'asking pip for its version', signal }).catch((cause: unknown) => {
    if (MsError.isInstance(cause) && cause.code === 'native.build-failed')
      throw missing(`${python} -m pip`, 'downloading TensorFlow', cause)
    throw cause
  })
  await runTool('npm', ['--version'], { what: 'asking npm for its version', signal })
}

function missing(program: string, what: string, cause?: unknown): MsError {
  const advice = /pip|python/.test(program)
    ? 'Install Python 3 with pip (Debian: apt install python3-pip), or name one: PYTHON=…'
    : /npm/.test(program)
      ? 'Install npm, which comes with Node.'
      : 'Install a C++ compiler (Debian: apt install g++), or name one: CXX=…'
  return new MsError('native.tool-missing', `${program} is not there; it is needed for ${what}`, { where: program, advice, cause })
}

function adviceFor(said: string): string {
  if (/hash|do not match/i.test(said)) return 'What was downloaded is not what this version was made for: check your package index.'
  if (/no matching distribution|could not find a version/i.test(said)) return 'The package index does not have it: check pip config.'
  if (/no space/i.test(said)) return 'Make room on the disk, or choose another cache folder: MS_CACHE=…'
  if (/connection|resolve|network|timed out|ssl/i.test(said)) return 'Check the network, and run it again.'
  return 'Mend what it says, and run it again.'
}
