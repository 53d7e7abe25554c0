import { add, elementwise, mul, sub } from '@ms/runtime'
import { checkSetting } from './check-settings.js'
import type { OptimizerRule } from './optimizer-rule.js'

export interface SgdOptions {
  /** Default: 0. */
  momentum?: number
  /** Part of the gradient that momentum leaves out after the first step. Default: 0. */
  dampening?: number
  /** Looks one step of momentum ahead. Default: false. */
  nesterov?: boolean
  /** Added to the gradient, times the weight (L2). Default: 0. */
  weightDecay?: number
}

const plain = elementwise(['p', 'g'], ['rate', 'decay', 'scale'], ({ p, g }, { rate, decay, scale }) => ({
  p: sub(p, mul(rate, add(mul(g, scale), mul(decay, p)))),
}))

const withMomentum = (nesterov: boolean) =>
  elementwise(
    ['p', 'g', 'momentum_buffer'],
    ['rate', 'decay', 'scale', 'momentum', 'take'],
    ({ p, g, momentum_buffer }, { rate, decay, scale, momentum, take }) => {
      const slope = add(mul(g, scale), mul(decay, p))
      const buffer = add(mul(momentum, momentum_buffer), mul(take, slope))
      const direction = nesterov ? add(slope, mul(momentum, buffer)) : buffer
      return { momentum_buffer: buffer, p: sub(p, mul(rate, direction)) }
    },
  )

/**
 * Stochastic gradient descent with momentum (Polyak 1964) and Nesterov's (Sutskever et al. 2013), step for step as
 * `torch.optim.SGD`.
 *
 * @throws `optimizer.setting`
 */
export function sgd({ momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 }: SgdOptions = {}): OptimizerRule {
  checkSetting('momentum', momentum, 0)
  checkSetting('weightDecay', weightDecay, 0)
  if (nesterov) {
    checkSetting('momentum', momentum, Number.MIN_VALUE)
    checkSetting('dampening', dampening, 0, Number.MIN_VALUE)
  }
  const identity = { name: 'sgd', settings: { momentum, dampening, nesterov, weightDecay }, weightDecay }
  if (momentum === 0) {
    return {
      ...identity,
      state: [],
      update: plain,
      scalars: ({ learningRate, weightDecay }) => ({ rate: learningRate, decay: weightDecay }),
    }
  }
  return {
    ...identity,
    state: ['momentum_buffer'],
    update: withMomentum(nesterov),
    scalars: ({ step, learningRate, weightDecay }) => ({
      rate: learningRate,
      decay: weightDecay,
      momentum,
      take: step === 1 ? 1 : 1 - dampening,
    }),
  }
}
