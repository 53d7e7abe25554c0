import { MsError } from '@ms/core'

/** The learning rate's course, as a factor of its peak. */
export interface Schedule {
  readonly name: string
  readonly settings: Readonly<Record<string, number>>
  /** @param step number of the step, from 0 @param total steps of the whole training */
  factor(step: number, total: number): number
}

export interface ScheduleOptions {
  /** Steps in which the rate rises from 0: below 1 a share of all steps (rounded up), from 1 on a number of steps. Default: 0. */
  warmup?: number
}

export interface CosineOptions extends ScheduleOptions {
  /** Waves of the cosine after warm-up; 0.5 falls once to 0. Default: 0.5. */
  cycles?: number
}

/** @throws `schedule.warmup` */
function withWarmup({ warmup = 0 }: ScheduleOptions, after: (progress: number) => number): Schedule['factor'] {
  if (!(warmup >= 0) || (warmup >= 1 && !Number.isInteger(warmup))) {
    throw new MsError('schedule.warmup', `the warm-up is ${warmup}`, {
      where: 'warmup',
      advice: 'Give a share below 1 (0.1) or a whole number of steps.',
    })
  }
  return (step, total) => {
    const warm = warmup < 1 ? Math.ceil(warmup * total) : warmup
    if (step < warm) return step / Math.max(1, warm)
    return after((step - warm) / Math.max(1, total - warm))
  }
}

/** Stays at its peak after warm-up; as transformers' `get_constant_schedule_with_warmup`. */
export const constant = (options: ScheduleOptions = {}): Schedule => ({
  name: 'constant',
  settings: { warmup: options.warmup ?? 0 },
  factor: withWarmup(options, () => 1),
})

/** Falls in a line to 0 at the end; as transformers' `get_linear_schedule_with_warmup`. */
export const linear = (options: ScheduleOptions = {}): Schedule => ({
  name: 'linear',
  settings: { warmup: options.warmup ?? 0 },
  factor: withWarmup(options, (progress) => Math.max(0, 1 - progress)),
})

/** Falls along a cosine to 0 at the end; as transformers' `get_cosine_schedule_with_warmup`. */
export const cosine = ({ cycles = 0.5, ...options }: CosineOptions = {}): Schedule => ({
  name: 'cosine',
  settings: { warmup: options.warmup ?? 0, cycles },
  factor: withWarmup(options, (progress) => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * progress)))),
})
