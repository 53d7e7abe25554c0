#!/usr/bin/env node
import { commands } from './commands/index.js'
import { main } from './main.js'

// A reader that has seen enough (`ms models | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await main(process.argv.slice(2), commands)
