import { type BertShape, miniLmShape } from '../diagnosis/bert-shaped-step.js'
import type { Candidate, CandidateOptions, EngineName } from './candidates.js'
import { type EngineFigures, keepFigures, readFigures } from './engine-figures.js'
import { measureStep } from './measure-engine.js'
import { tryCandidate } from './try-candidate.js'

export interface QuickestFirstOptions extends CandidateOptions {
  /** Engines that may be quicker than the traced one: somebody has installed them. */
  readonly rivals: readonly EngineName[]
  /** The cache folder. */
  readonly cache: string
  /** The step that is timed. Default: MiniLM's, 8 texts of 32 tokens. */
  readonly shape?: BertShape
}

/** How long an engine may be timed, seconds. */
const limit = 2

/**
 * The candidates in the order in which they are worth trying: those of which it is known how long a step takes here by that, in the places
 * that they have in the table. Where there is a rival to the traced engine of which it is not known, both are timed once, and that is kept for
 * the processes that follow; without one nothing is opened.
 */
export async function quickestFirst(table: readonly Candidate[], options: QuickestFirstOptions): Promise<readonly Candidate[]> {
  const { rivals, threads, cache } = options
  // A process loads one TensorFlow.
  const contenders = rivals.length === 0 ? [] : [rivals[0], 'traced' as const]
  let figures = await readFigures(threads, cache)
  if (contenders.some((name) => figures[name] === undefined)) {
    const measured = await measureAll(contenders, table, options)
    if (!measured) return table
    await keepFigures(measured, threads, cache)
    figures = { ...figures, ...measured }
  }
  return byFigures(table, figures)
}

/** Undefined where one of them does not open: there is nothing to choose. */
async function measureAll(
  names: readonly EngineName[],
  table: readonly Candidate[],
  { rivals: _, cache: __, shape = miniLmShape, ...options }: QuickestFirstOptions,
): Promise<EngineFigures | undefined> {
  const figures: Partial<Record<EngineName, number>> = {}
  for (const name of names) {
    const candidate = table.find((each) => each.name === name)
    const opened = candidate && (await tryCandidate(candidate, options))
    if (!opened || 'error' in opened) return undefined
    try {
      figures[name] = await measureStep(opened.engine, limit, shape)
    } finally {
      await opened.engine.dispose()
    }
  }
  return figures
}

/** How much quicker an engine must be than one before it in the table: less is chance. */
const margin = 1.1

/** Those with a figure by it, in the places that they have; the others stay where they are. */
export function byFigures<T extends { readonly name: string }>(table: readonly T[], figures: EngineFigures): readonly T[] {
  const secondsOf = ({ name }: T) => figures[name as EngineName] ?? Number.NaN
  const known = table
    .filter((each) => secondsOf(each) > 0)
    .map((each, place) => ({ each, seconds: secondsOf(each) * margin ** place }))
    .sort((a, b) => a.seconds - b.seconds)
    .map(({ each }) => each)
  return table.map((each) => (secondsOf(each) > 0 ? (known.shift() ?? each) : each))
}
