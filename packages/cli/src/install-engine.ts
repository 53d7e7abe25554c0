import { createInterface } from 'node:readline/promises'
import { diagnose, findNativeBuild, installNative, type NativeKind } from '@ms/runtime/node'
import { wrongUse } from './option-values.js'
import type { Terminal } from './terminal.js'

/** What comes down, and what stays on the disk. */
const sizes: Readonly<Record<NativeKind, string>> = {
  native: 'downloads 0.3 GB, takes 0.9 GB',
  'native-gpu': 'downloads 3 GB, takes 6 GB',
}

interface InstallOptions {
  readonly kind: NativeKind
  readonly yes: boolean
  readonly strip: boolean
  readonly force: boolean
}

/** Builds an engine and says whether it works here. */
export async function installEngine({ kind, yes, strip, force }: InstallOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const there = force ? undefined : await findNativeBuild(kind).catch(() => undefined)
  if (!there && !yes && !(await agreed(`${kind} ${sizes[kind]} in the cache folder. Go on? [y/N] `, signal))) {
    terminal.note('nothing was changed')
    return 1
  }
  const started = performance.now()
  const onStage = (stage: string) => {
    const seconds = Math.round((performance.now() - started) / 1000)
    if (terminal.live) terminal.redraw(`${seconds} s  ${stage} …`)
    else terminal.note(`${stage} …`)
  }
  const { built, folder, manifest, bytes } = await installNative({ kind, strip, force, onStage, signal })
  terminal.redraw('')
  const { engines } = await diagnose({ engines: [kind], measure: false, signal })
  const [engine] = engines
  terminal.print(`TensorFlow ${manifest.tensorflow}, ${(bytes / 2 ** 30).toFixed(1)} GB in ${folder}`)
  const took = built ? `built and checked in ${Math.round((performance.now() - started) / 1000)} s` : 'it was there already'
  terminal.print(engine.usable ? `${took}: use it with --backend ${kind}` : `${took}, but it does not run here: ${engine.reason}`)
  terminal.printJson({ ...manifest, folder, built, bytes, usable: engine.usable, reason: engine.reason })
  return engine.usable ? 0 : 1
}

async function agreed(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw wrongUse('nobody is there to ask', 'Say --yes to install without asking.')
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await asking.question(question, { signal })).trim())
  } finally {
    asking.close()
  }
}
