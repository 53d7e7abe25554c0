import type { Terminal } from './terminal.js'

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** `█████▌      ` of `width` columns. */
export function bar(fraction: number, width: number): string {
  const filled = Math.max(0, Math.min(1, fraction)) * width
  const whole = Math.floor(filled)
  const text = '█'.repeat(whole) + eighths[Math.floor((filled - whole) * 8)]
  return text + ' '.repeat(Math.max(0, width - whole - (filled > whole && Math.floor((filled - whole) * 8) > 0 ? 1 : 0)))
}

const clock = (seconds: number) =>
  seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')} min`

export interface ProgressBar {
  /** Draws at most ten times a second. `detail` stands behind the bar: `loss 0.42`. */
  update(done: number, total: number, detail?: string): void
  /** Takes the bar away. */
  end(): void
}

/** A progress bar on stderr: nothing at all where that is no screen. */
export function progressBar(terminal: Terminal, label: string): ProgressBar {
  // The first item pays for starting up: it says little about the rest.
  let start: { at: number; done: number } | undefined
  let last = 0
  return {
    update: (done, total, detail = '') => {
      const now = Date.now()
      if (!terminal.live || (now - last < 100 && done < total)) return
      last = now
      start ??= { at: now, done }
      const fraction = total > 0 ? done / total : 0
      const since = done - start.done
      const left = since > 0 && done < total ? `${clock((((now - start.at) / 1000) * (total - done)) / since)} left` : ''
      terminal.redraw(`${label} ${bar(fraction, 24)} ${done}/${total}  ${[detail, left].filter(Boolean).join('  ')}`)
    },
    end: () => terminal.redraw(''),
  }
}
