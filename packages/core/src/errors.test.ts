import { describe, expect, it } from 'vitest'
import { MsError } from './errors.js'

describe('MsError', () => {
  it('is written as code, what, where, what to do', () => {
    const error = new MsError('data.malformed', 'not JSON', { where: 'a.jsonl:3', advice: 'Mend it.' })
    expect(error.format()).toBe('error[data.malformed]: not JSON, in a.jsonl:3. Mend it.')
    expect(error.kind).toBe('input')
  })
  it('says nothing that a terminal obeys, whatever files are called', () => {
    const error = new MsError('picture.broken', 'bad', { where: 'a\u001b[31m\u009b\u0007.png\tb\r' })
    expect(error.format()).toBe('error[picture.broken]: bad, in a\ufffd[31m\ufffd\ufffd.png\tb\ufffd')
  })
  it('is known across copies of the package by its marker, not by its class', () => {
    const other = Object.defineProperty(new Error('x'), Symbol.for('ms.error'), { value: true })
    expect(MsError.isInstance(other)).toBe(true)
    expect(MsError.isInstance(new Error('x'))).toBe(false)
    expect(MsError.isInstance(undefined)).toBe(false)
  })
})
