import type { Tokenizer } from '@ms/backbones'
import { MsError, type Role } from '@ms/core'
import type { Inputs, Prepared, Processor } from '@ms/core/tensor'

/** A text as token ids. */
export interface TokenizedText extends Prepared {
  /** `[tokens]` int32: prompt and special tokens included, truncated. */
  readonly ids: Int32Array
  /** Tokens at the start that belong to the prompt (and what stands before it), where a pooling leaves them out; else 0. */
  readonly promptTokens: number
}

/** Most tokens of a text, special tokens included, by role. `Infinity`: no limit. */
export type MaxLength = Readonly<Record<Role, number>>

export interface TextProcessorOptions {
  tokenizer: Tokenizer
  /** What is put before a text, by role. */
  prompts: Readonly<Record<Role, string>>
  maxLength: MaxLength
}

/** @throws `encoder.item` when an item is no text */
function withPrompt(items: readonly string[], prompt: string): readonly string[] {
  for (const item of items) {
    if (typeof item !== 'string') {
      throw new MsError('encoder.item', `a text is expected, and there is ${item === null ? 'null' : typeof item}`, {
        advice: 'Leave such items out, or give them an empty text.',
        details: { item },
      })
    }
  }
  return prompt === '' ? items : items.map((item) => prompt + item)
}

const limits = (maxLength: MaxLength, role: Role) => (Number.isFinite(maxLength[role]) ? { maxLength: maxLength[role] } : {})

export interface SequenceProcessorOptions extends TextProcessorOptions {
  /** A pooling leaves the prompt out: count its tokens, and say in the input `beyond_prompt` where it ends. */
  markPrompt: boolean
  /** Lengths are rounded up to a multiple of this. */
  padToMultiple: number
  /** Positions the network has: rounding up never goes beyond. */
  positions: number
}

/**
 * For networks that read whole sequences: special tokens around each text, padding to the longest of the batch.
 * Inputs: `input_ids`, `attention_mask`, both `[batch, tokens] int32`, and `beyond_prompt [batch, tokens] float32` where it is marked.
 */
export function sequenceProcessor(options: SequenceProcessorOptions): Processor<string, TokenizedText> {
  const { tokenizer, prompts, maxLength, markPrompt, padToMultiple, positions } = options
  const encode = (texts: readonly string[], role: Role) => tokenizer.encodeBatch(texts, limits(maxLength, role))
  const promptTokens: Partial<Record<Role, number>> = {}

  /** The prompt's own tokens with what stands before it, without what would stand after it. */
  const countPrompt = (role: Role): number => {
    const { ids } = encode([prompts[role]], role)
    const { ids: frame } = encode([''], role)
    const closed = frame.length > 0 && ids[ids.length - 1] === frame[frame.length - 1]
    return closed ? ids.length - 1 : ids.length
  }

  return {
    prepare: (items, role) => {
      const { ids, offsets } = encode(withPrompt(items, prompts[role]), role)
      if (markPrompt && prompts[role] !== '') promptTokens[role] ??= countPrompt(role)
      const skipped = promptTokens[role] ?? 0
      return items.map((_, i) => {
        const own = ids.subarray(offsets[i], offsets[i + 1])
        return { ids: own, cost: own.length, promptTokens: skipped }
      })
    },
    collate: (batch) => {
      const longest = batch.reduce((most, { ids }) => Math.max(most, ids.length), 1)
      const length = Math.max(longest, Math.min(Math.ceil(longest / padToMultiple) * padToMultiple, positions))
      const shape = [batch.length, length]
      const ids = new Int32Array(batch.length * length).fill(tokenizer.padId)
      const mask = new Int32Array(batch.length * length)
      for (const [i, text] of batch.entries()) {
        ids.set(text.ids, i * length)
        mask.fill(1, i * length, i * length + text.ids.length)
      }
      const inputs: Record<string, Inputs[string]> = { input_ids: { shape, data: ids }, attention_mask: { shape, data: mask } }
      if (markPrompt) {
        const beyond = new Float32Array(batch.length * length).fill(1)
        for (const [i, text] of batch.entries()) beyond.fill(0, i * length, i * length + Math.min(text.promptTokens, length))
        inputs['beyond_prompt'] = { shape, data: beyond }
      }
      return inputs
    },
  }
}

export interface BagProcessorOptions extends TextProcessorOptions {
  /** Tokens that are not in the vocabulary do not count (model2vec). */
  dropUnknown: boolean
  /** Code points of a text that are looked at (model2vec cuts so before it tokenises). */
  maxCharacters: number
}

/**
 * For tables of token embeddings: no special tokens, no padding.
 * Inputs: `ids [tokens] int32`, one text after the other, and `offsets [texts + 1] int32`.
 */
export function bagProcessor(options: BagProcessorOptions): Processor<string, TokenizedText> {
  const { tokenizer, prompts, maxLength, dropUnknown, maxCharacters } = options
  const shorten = (text: string) => (text.length <= maxCharacters ? text : [...text].slice(0, maxCharacters).join(''))
  const unknown = dropUnknown ? tokenizer.unknownId : undefined
  return {
    prepare: (items, role) => {
      const whole = withPrompt(items, prompts[role])
      const texts = Number.isFinite(maxCharacters) ? whole.map(shorten) : whole
      const { ids, offsets } = tokenizer.encodeBatch(texts, { addSpecialTokens: false, ...limits(maxLength, role) })
      return items.map((_, i) => {
        const own = ids.subarray(offsets[i], offsets[i + 1])
        const known = unknown === undefined ? own : own.filter((id) => id !== unknown)
        return { ids: known, cost: known.length, promptTokens: 0 }
      })
    },
    collate: (batch) => {
      const offsets = new Int32Array(batch.length + 1)
      for (const [i, text] of batch.entries()) offsets[i + 1] = offsets[i] + text.ids.length
      const ids = new Int32Array(offsets[batch.length])
      for (const [i, text] of batch.entries()) ids.set(text.ids, offsets[i])
      return { ids: { shape: [ids.length], data: ids }, offsets: { shape: [offsets.length], data: offsets } }
    },
  }
}
