import { add, div, elementwise, mul, sqrt, sub } from '@ms/runtime'
import { checkSetting } from './check-settings.js'
import type { OptimizerRule } from './optimizer-rule.js'

export interface AdamOptions {
  /** Decay of the first and of the second moment. Default: [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Default: 1e-8. */
  epsilon?: number
  /** Default: 0 (adam), 0.01 (adamw). */
  weightDecay?: number
}

const scalars = ['rate', 'decay', 'scale', 'beta1', 'rest1', 'beta2', 'rest2', 'correction', 'epsilon'] as const

/** @param decoupled weights shrink by themselves (AdamW), or the decay is part of the gradient */
const rule = (decoupled: boolean) =>
  elementwise(
    ['p', 'g', 'exp_avg', 'exp_avg_sq'],
    scalars,
    ({ p, g, exp_avg, exp_avg_sq }, { rate, decay, scale, beta1, rest1, beta2, rest2, correction, epsilon }) => {
      const scaled = mul(g, scale)
      const slope = decoupled ? scaled : add(scaled, mul(decay, p))
      const mean = add(mul(beta1, exp_avg), mul(rest1, slope))
      const square = add(mul(beta2, exp_avg_sq), mul(rest2, mul(slope, slope)))
      const step = div(mul(rate, mean), add(mul(sqrt(square), correction), epsilon))
      const shrunk = decoupled ? mul(p, decay) : p
      return { exp_avg: mean, exp_avg_sq: square, p: sub(shrunk, step) }
    },
  )

const coupledRule = rule(false)
const decoupledRule = rule(true)

function create(name: 'adam' | 'adamw', decoupled: boolean, options: AdamOptions): OptimizerRule {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = decoupled ? 0.01 : 0 } = options
  const [beta1, beta2] = betas
  checkSetting('betas[0]', beta1, 0, 1)
  checkSetting('betas[1]', beta2, 0, 1)
  checkSetting('epsilon', epsilon, 0)
  checkSetting('weightDecay', weightDecay, 0)
  return {
    name,
    settings: { beta1, beta2, epsilon, weightDecay },
    weightDecay,
    state: ['exp_avg', 'exp_avg_sq'],
    update: decoupled ? decoupledRule : coupledRule,
    scalars: ({ step, learningRate, weightDecay, sparse }) => {
      const correction = 1 / Math.sqrt(1 - beta2 ** step)
      return {
        rate: learningRate / (1 - beta1 ** step),
        decay: decoupled ? 1 - learningRate * weightDecay : weightDecay,
        beta1,
        rest1: 1 - beta1,
        beta2,
        rest2: 1 - beta2,
        correction,
        epsilon: sparse ? epsilon * correction : epsilon,
      }
    },
  }
}

/**
 * Adam (Kingma and Ba 2015), step for step as `torch.optim.Adam`; on the touched rows of a table as `torch.optim.SparseAdam`.
 * @throws `optimizer.setting`
 */
export const adam = (options: AdamOptions = {}): OptimizerRule => create('adam', false, options)

/**
 * Adam whose weight decay does not pass through the moments (Loshchilov and Hutter 2019), as `torch.optim.AdamW`.
 * @throws `optimizer.setting`
 */
export const adamw = (options: AdamOptions = {}): OptimizerRule => create('adamw', true, options)
