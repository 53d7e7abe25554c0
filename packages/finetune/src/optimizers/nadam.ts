import { add, div, elementwise, mul, sqrt, sub } from '@ms/runtime'
import { checkSetting } from './check-settings.js'
import type { OptimizerRule } from './optimizer-rule.js'

export interface NadamOptions {
  /** Default: [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Default: 1e-8. */
  epsilon?: number
  /** Added to the gradient, times the weight. Default: 0. */
  weightDecay?: number
  /** How quickly the momentum reaches its final value. Default: 0.004. */
  momentumDecay?: number
}

const rule = elementwise(
  ['p', 'g', 'exp_avg', 'exp_avg_sq'],
  ['decay', 'scale', 'beta1', 'rest1', 'beta2', 'rest2', 'correction', 'epsilon', 'fromSlope', 'fromMean'],
  ({ p, g, exp_avg, exp_avg_sq }, { decay, scale, beta1, rest1, beta2, rest2, correction, epsilon, fromSlope, fromMean }) => {
    const slope = add(mul(g, scale), mul(decay, p))
    const mean = add(mul(beta1, exp_avg), mul(rest1, slope))
    const square = add(mul(beta2, exp_avg_sq), mul(rest2, mul(slope, slope)))
    const size = add(mul(sqrt(square), correction), epsilon)
    return { exp_avg: mean, exp_avg_sq: square, p: sub(p, div(add(mul(fromSlope, slope), mul(fromMean, mean)), size)) }
  },
)

/**
 * Adam with Nesterov's momentum (Dozat 2016), step for step as `torch.optim.NAdam`.
 * @throws `optimizer.setting`
 */
export function nadam(options: NadamOptions = {}): OptimizerRule {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0, momentumDecay = 0.004 } = options
  const [beta1, beta2] = betas
  checkSetting('betas[0]', beta1, 0, 1)
  checkSetting('betas[1]', beta2, 0, 1)
  checkSetting('epsilon', epsilon, 0)
  checkSetting('weightDecay', weightDecay, 0)
  checkSetting('momentumDecay', momentumDecay, 0)
  const momentum = (step: number) => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay))
  const product = runningProduct(momentum)
  return {
    name: 'nadam',
    settings: { beta1, beta2, epsilon, weightDecay, momentumDecay },
    weightDecay,
    state: ['exp_avg', 'exp_avg_sq'],
    update: rule,
    scalars: ({ step, learningRate, weightDecay, sparse }) => {
      const correction = 1 / Math.sqrt(1 - beta2 ** step)
      const soFar = product(step)
      const next = momentum(step + 1)
      return {
        decay: weightDecay,
        beta1,
        rest1: 1 - beta1,
        beta2,
        rest2: 1 - beta2,
        correction,
        epsilon: sparse ? epsilon * correction : epsilon,
        fromSlope: (learningRate * (1 - momentum(step))) / (1 - soFar),
        fromMean: (learningRate * next) / (1 - soFar * next),
      }
    },
  }
}

/** factor(1) · … · factor(step). Goes on from the last answer where it can, so that a step costs one product. */
function runningProduct(factor: (step: number) => number): (step: number) => number {
  let [at, value] = [0, 1]
  return (step) => {
    if (step < at) [at, value] = [0, 1]
    while (at < step) value *= factor(++at)
    return value
  }
}
