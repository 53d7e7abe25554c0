import { describe, expect, it } from 'vitest'
import { type OptionSpecs, parseOptions } from './option-values.js'

const specs = {
  model: { type: 'string', help: 'a model', required: true },
  mode: { type: 'string', help: 'how', choices: ['dense', 'hybrid'] },
  epochs: { type: 'integer', help: 'how many', min: 1, max: 100 },
  lr: { type: 'number', help: 'rate', min: 0 },
  texts: { type: 'strings', help: 'files' },
  json: { type: 'boolean', help: 'json' },
} as const satisfies OptionSpecs

describe('parseOptions', () => {
  it('reads values, =, lists, flags and operands', () => {
    const { values, operands } = parseOptions(
      ['--model=m', 'word', '--epochs', '3', '--texts', 'a', '--texts', 'b', '--json', '--lr', '-0', '--', '--q'],
      specs,
    )
    expect(values).toEqual({ model: 'm', mode: undefined, epochs: 3, lr: -0, texts: ['a', 'b'], json: true })
    expect(operands).toEqual(['word', '--q'])
  })
  const wrong: [string[], string][] = [
    [['--model', 'm', '--modle', 'x'], 'there is no option --modle'],
    [['--model', 'm', '--__proto__', 'x'], 'there is no option --__proto__'],
    [['--model', 'm', '-k', '3'], 'there is no option -k'],
    [['--mode', 'dense'], '--model is missing'],
    [['--model'], '--model needs a value'],
    [['--model', '--json'], '--model needs a value'],
    [['--model', 'm', '--model', 'n'], '--model is given twice'],
    [['--model', 'm', '--json=yes'], '--json takes no value'],
    [['--model', 'm', '--mode', 'sparse'], '--mode is "sparse"'],
    [['--model', 'm', '--epochs', '1.5'], '--epochs is "1.5"'],
    [['--model', 'm', '--epochs', '0'], '--epochs is "0"'],
    [['--model', 'm', '--epochs', '1e9'], '--epochs is "1e9"'],
    [['--model', 'm', '--epochs='], '--epochs is ""'],
    [['--model', 'm', '--lr', 'NaN'], '--lr is "NaN"'],
    [['--model', 'm', '--lr', '-1'], '--lr is "-1"'],
  ]
  it.each(wrong)('refuses %j', (words, message) => {
    expect(() => parseOptions(words, specs)).toThrow(expect.objectContaining({ code: 'cli.usage', message }))
  })
  it('names the nearest option', () => {
    expect(() => parseOptions(['--model', 'm', '--epoch', '3'], specs)).toThrow(
      expect.objectContaining({ advice: 'Did you mean --epochs?' }),
    )
  })
})
