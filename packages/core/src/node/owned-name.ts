import { createHash, randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

/** Who made a temporary file or folder: 8 hex digits of the machine, 8 of the process, 8 that are new each time. */
const owned = /\.([0-9a-f]{8})([0-9a-f]{8})[0-9a-f]{8}\.(tmp|old)$/

const machine = (): string => createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/** A part of a name that says which process of which machine it belongs to. */
export const ownerTag = (): string => `${machine()}${process.pid.toString(16).padStart(8, '0')}${randomBytes(4).toString('hex')}`

/** What a name of ours says; undefined for every other name. `alive` is unknown for another machine's. */
export function ownerOf(name: string): { readonly kind: 'tmp' | 'old'; readonly alive: boolean | undefined } | undefined {
  const found = owned.exec(name)
  if (!found) return undefined
  const [, host, process, kind] = found
  return { kind: kind as 'tmp' | 'old', alive: host === machine() ? isAlive(Number.parseInt(process, 16)) : undefined }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process may not be signalled, and lives.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
