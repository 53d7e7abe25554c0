import { MsError } from '@ms/core'
import { adviceFor } from './advice.js'
import type { Command } from './command.js'
import { nearest } from './nearest.js'
import { type OptionSpecs, parseOptions, wrongUse } from './option-values.js'
import { createTerminal } from './terminal.js'

/** A command is loaded when it is called, so that `ms encode` does not wait for the trainer's code. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<Command>
}

const everyCommand = {
  json: { type: 'boolean', help: 'print one JSON document' },
  quiet: { type: 'boolean', help: 'no progress and no notices' },
  help: { type: 'boolean', help: 'show this help' },
} as const satisfies OptionSpecs

/** Exit code 2 is bad input or wrong use, 1 everything else that failed. */
function reportError(error: unknown): number {
  if (MsError.isInstance(error)) {
    process.stderr.write(`${error.format()}${error.advice ? '' : `. ${adviceFor(error.code)}`}\n`)
    return error.kind === 'input' ? 2 : 1
  }
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    `error[internal]: ${message.split('\n')[0]}, in ms itself. This should not happen: please report it, with the output of MS_DEBUG=1.\n`,
  )
  if (process.env.MS_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return 1
}

async function dispatch(words: readonly string[], entries: readonly CommandEntry[], signal: AbortSignal): Promise<number> {
  const [name, ...rest] = words
  if (name === 'help' && rest.length > 0) return dispatch([rest[0], '--help'], entries, signal)
  if (name === undefined || name === '--help' || name === 'help' || name === '-h') {
    const { overview } = await import('./help.js')
    process.stdout.write(`${overview(entries)}\n`)
    return name === undefined ? 2 : 0
  }
  const entry = entries.find((candidate) => candidate.name === name)
  if (!entry) {
    const near = nearest(
      name,
      entries.map((candidate) => candidate.name),
    )
    throw wrongUse(`there is no command "${name}"`, near ? `Did you mean ms ${near}?` : 'ms --help lists them.')
  }
  const command = await entry.load()
  const known = { ...command, options: { ...command.options, ...everyCommand } }
  if (rest.includes('--help')) {
    const { commandHelp } = await import('./help.js')
    process.stdout.write(`${commandHelp(known)}\n`)
    return 0
  }
  const { values, operands } = parseOptions(rest, known.options)
  const allowed = command.operands?.length ?? 0
  if (operands.length > allowed) {
    throw wrongUse(`"${operands[allowed]}" is one word too many`, `Usage: ms ${command.name} ${command.usage}`)
  }
  const terminal = createTerminal({ json: values.json, quiet: values.quiet })
  try {
    return (await command.run({ options: values, operands, terminal, signal })) ?? 0
  } finally {
    terminal.end()
  }
}

/**
 * Runs one `ms` command.
 * @param words the words after `ms`
 * @returns the exit code
 */
export async function main(words: readonly string[], entries: readonly CommandEntry[]): Promise<number> {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      // By the system, as if nobody listened: an orderly exit fails where ONNX Runtime computes in another thread.
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
      return
    }
    process.stderr.write('\nstopping … (again to stop at once)\n')
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    return await dispatch(words, entries, controller.signal)
  } catch (error) {
    if (controller.signal.aborted) return 130
    return reportError(error)
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}
