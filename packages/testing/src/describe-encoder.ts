import type { Prepared } from '@ms/core/tensor'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type EncoderSubject, encoderChecks, openEncoderSubject } from './encoder-checks.js'
import type { DescribeEncoderOptions } from './encoder-options.js'

/**
 * The conformance suite of encoders: what the trainer, the embedder and the indexes rely on. Ours pass it, and so does a third party's.
 *
 * @example
 * ```ts
 * import { memoryFiles } from '@ms/core'
 * import type { Encoder, Engine } from '@ms/core/tensor'
 * import { describeEncoder } from '@ms/testing'
 *
 * declare function myEncoder(): Promise<Encoder<string>>
 * declare function myEngine(): Promise<Engine>
 *
 * describeEncoder('my encoder', { encoder: myEncoder, engine: myEngine, items: ['one', 'two words', 'three words here', 'four'], emptyItems: [''] })
 * ```
 */
export function describeEncoder<Item, P extends Prepared>(name: string, options: DescribeEncoderOptions<Item, P>): void {
  describe(`${name} is an encoder`, () => {
    let subject: EncoderSubject<Item, P>
    beforeAll(async () => {
      subject = await openEncoderSubject(options)
    })
    afterAll(() => subject?.dispose())
    for (const check of encoderChecks) {
      it.skipIf(check.applies?.(options) === false)(check.name, { timeout: 300_000 }, () => check.run(subject))
    }
  })
}
