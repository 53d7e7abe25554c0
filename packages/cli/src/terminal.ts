import pico from 'picocolors'

export interface TerminalOptions {
  readonly json: boolean
  readonly quiet: boolean
}

/** Where a command prints: results on stdout, progress and notices on stderr. */
export interface Terminal extends TerminalOptions {
  /** Columns of the screen; 100 where there is none. */
  readonly width: number
  /** True when stderr is a screen on which a line can be drawn again. */
  readonly live: boolean
  readonly colors: ReturnType<typeof pico.createColors>
  /** A line of the result; silent under --json. */
  print(line?: string): void
  /** The result as one JSON document; silent without --json. */
  printJson(value: unknown): void
  /** Progress and notices, on stderr; silent under --quiet. */
  note(line: string): void
  /** A notice that is to be seen when the command is over, below everything else. */
  noteAtEnd(line: string): void
  /** Prints the notices that were kept for the end. */
  end(): void
  /** Draws over the current line of stderr; does nothing where that cannot be. */
  redraw(line: string): void
}

export function createTerminal({ json, quiet }: TerminalOptions): Terminal {
  const { stdout, stderr, env } = process
  const live = Boolean(stderr.isTTY) && !quiet && !env.CI && env.TERM !== 'dumb'
  let drawn = false
  const kept: string[] = []
  const clear = () => {
    if (drawn) stderr.write('\r\x1b[2K')
    drawn = false
  }
  const note = (line: string) => {
    if (quiet) return
    clear()
    stderr.write(`${line}\n`)
  }
  return {
    json,
    quiet,
    live,
    width: Math.max(60, Math.min(stdout.columns ?? stderr.columns ?? 100, 160)),
    colors: pico.createColors(Boolean(stdout.isTTY) && pico.isColorSupported),
    print: (line = '') => {
      if (json) return
      clear()
      stdout.write(`${line}\n`)
    },
    printJson: (value) => {
      if (!json) return
      clear()
      stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    note,
    noteAtEnd: (line) => {
      kept.push(line)
    },
    end: () => {
      for (const line of kept.splice(0)) note(line)
    },
    redraw: (line) => {
      if (!live) return
      stderr.write(`\r\x1b[2K${line}`)
      drawn = line !== ''
    },
  }
}
