import { type FileHandle, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MsError } from '@ms/core'
import { makeDirectory, writeFileAtomic } from '@ms/core/node'
import { type ReportInput, trainingReport } from '../report/report.js'
import type { CheckpointStore } from '../train/checkpoint.js'
import type { TrainEvent } from '../train/train-event.js'
import { checkpointDirectory } from './checkpoint-directory.js'

/** What run.json says: enough to know what was made of what, and to make it again. */
export type RunRecord = Readonly<Record<string, unknown>>

/** A training's folder: `run.json`, `events.jsonl`, `checkpoints/`, and `model/` and `report.html` when it is done. */
export interface RunDirectory {
  readonly path: string
  /** Where the tuned model belongs. */
  readonly modelPath: string
  readonly checkpoints: CheckpointStore
  /** Writes run.json anew; `state` says how far it is. */
  record(state: 'running' | 'done' | 'failed', record: RunRecord): Promise<void>
  /** Adds a line to events.jsonl. */
  append(event: TrainEvent): Promise<void>
  /** Writes report.html: the events so far, and what else is handed over. */
  report(input: Omit<ReportInput, 'events'>): Promise<void>
  close(): Promise<void>
}

export interface OpenRunOptions {
  /** Goes on with what lies there: events after the last checkpoint are taken out, since they will come again. Default: false, anew. */
  resume?: boolean
}

/**
 * Opens a folder for a training. An earlier run in it is begun anew; its `model/` stays until the new one takes its place.
 * @throws `run.folder` when it holds something else than a run, `run.nothing-to-resume`, `file.unwritable`
 */
export async function openRunDirectory(path: string, { resume = false }: OpenRunOptions = {}): Promise<RunDirectory> {
  const present: string[] = await readdir(path).catch(() => [])
  if (present.length > 0 && !present.includes('run.json')) {
    throw new MsError('run.folder', 'this folder holds something else than a run', { where: path, advice: 'Give --out a new folder.' })
  }
  const checkpoints = checkpointDirectory(join(path, 'checkpoints'))
  const eventsPath = join(path, 'events.jsonl')
  let events: FileHandle
  try {
    if (resume) {
      const saved = await checkpoints.load()
      if (!saved)
        throw new MsError('run.nothing-to-resume', 'there is no checkpoint', { where: path, advice: 'Leave out --resume to begin.' })
      await writeFileAtomic(eventsPath, await eventsUntil(eventsPath, saved.step))
    } else {
      await makeDirectory(path)
      await checkpoints.clear()
      await rm(eventsPath, { force: true })
    }
    events = await open(eventsPath, 'a')
  } catch (cause) {
    if (MsError.isInstance(cause)) throw cause
    throw new MsError('file.unwritable', `cannot write: ${(cause as Error).message}`, {
      where: path,
      advice: 'Choose a folder that you may write to.',
      cause,
    })
  }
  return {
    path,
    modelPath: join(path, 'model'),
    checkpoints,
    record: (state, record) => writeFileAtomic(join(path, 'run.json'), `${JSON.stringify({ version: 1, state, ...record }, null, 2)}\n`),
    append: async (event) => {
      await events.write(`${JSON.stringify(event)}\n`)
    },
    report: async (input) => writeFileAtomic(join(path, 'report.html'), trainingReport({ ...input, events: await readRunEvents(path) })),
    close: () => events.close(),
  }
}

/** Whether a folder holds a training that can be gone on with: one that has a checkpoint and did not end. */
export async function isUnfinishedRun(path: string): Promise<boolean> {
  try {
    const { state } = JSON.parse(await readFile(join(path, 'run.json'), 'utf8')) as { state?: unknown }
    return state !== 'done' && (await readdir(join(path, 'checkpoints'))).length > 0
  } catch {
    return false
  }
}

/** What a run's events.jsonl tells, in order; nothing where there is none. A last line that a crash cut off is left out. */
export async function readRunEvents(path: string): Promise<TrainEvent[]> {
  const text = await readFile(join(path, 'events.jsonl'), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line): TrainEvent[] => {
    try {
      return line === '' ? [] : [JSON.parse(line)]
    } catch {
      return []
    }
  })
}

/** The lines up to a step. A last line that a crash cut off is left out. */
async function eventsUntil(path: string, step: number): Promise<string> {
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  const kept = lines.filter((line) => {
    try {
      const event: { step?: number; type?: string } = JSON.parse(line)
      return event.type !== 'end' && (event.step ?? 0) <= step
    } catch {
      return false
    }
  })
  return kept.map((line) => `${line}\n`).join('')
}
