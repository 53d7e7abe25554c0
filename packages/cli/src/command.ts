import type { OptionSpecs, OptionValues } from './option-values.js'
import type { Terminal } from './terminal.js'

export interface CommandContext<S extends OptionSpecs> {
  readonly options: OptionValues<S>
  readonly operands: readonly string[]
  readonly terminal: Terminal
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** One word after `ms`. Printing and reading arguments happens here and nowhere else. */
export interface Command<S extends OptionSpecs = OptionSpecs> {
  readonly name: string
  readonly summary: string
  /** `--model M --data D --out RUN` */
  readonly usage: string
  readonly options: S
  /** Names of the operands, for the help and to refuse more: `QUERY`. */
  readonly operands?: readonly string[]
  /** Examples of use, a line each. */
  readonly examples?: readonly string[]
  /** @returns the exit code; nothing means 0 */
  run(context: CommandContext<S>): Promise<number | undefined>
}

/** Keeps a command's option types while it goes into a list of commands. */
export function defineCommand<const S extends OptionSpecs>(command: Command<S>): Command<S> {
  return command
}
