import { abs, add, div, elementwise, max, mul, sub } from '@ms/runtime'
import { checkSetting } from './check-settings.js'
import type { OptimizerRule } from './optimizer-rule.js'

export interface AdamaxOptions {
  /** Default: [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Default: 1e-8. */
  epsilon?: number
  /** Added to the gradient, times the weight. Default: 0. */
  weightDecay?: number
}

const rule = elementwise(
  ['p', 'g', 'exp_avg', 'exp_inf'],
  ['rate', 'decay', 'scale', 'beta1', 'rest1', 'beta2', 'epsilon'],
  ({ p, g, exp_avg, exp_inf }, { rate, decay, scale, beta1, rest1, beta2, epsilon }) => {
    const slope = add(mul(g, scale), mul(decay, p))
    const mean = add(mul(beta1, exp_avg), mul(rest1, slope))
    const largest = max(mul(beta2, exp_inf), add(abs(slope), epsilon))
    return { exp_avg: mean, exp_inf: largest, p: sub(p, div(mul(rate, mean), largest)) }
  },
)

/**
 * Adam with the infinity norm (Kingma and Ba 2015, section 7.1), step for step as `torch.optim.Adamax`.
 * @throws `optimizer.setting`
 */
export function adamax({ betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 }: AdamaxOptions = {}): OptimizerRule {
  const [beta1, beta2] = betas
  checkSetting('betas[0]', beta1, 0, 1)
  checkSetting('betas[1]', beta2, 0, 1)
  checkSetting('epsilon', epsilon, 0)
  checkSetting('weightDecay', weightDecay, 0)
  return {
    name: 'adamax',
    settings: { beta1, beta2, epsilon, weightDecay },
    weightDecay,
    state: ['exp_avg', 'exp_inf'],
    update: rule,
    scalars: ({ step, learningRate, weightDecay }) => ({
      rate: learningRate / (1 - beta1 ** step),
      decay: weightDecay,
      beta1,
      rest1: 1 - beta1,
      beta2,
      epsilon,
    }),
  }
}
