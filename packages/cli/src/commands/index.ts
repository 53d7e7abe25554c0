import type { CommandEntry } from '../main.js'

/** Every word that may follow `ms`. */
export const commands: readonly CommandEntry[] = []
