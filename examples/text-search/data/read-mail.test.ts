import { describe, expect, it } from 'vitest'
import { decodeWords, readMail } from './read-mail.js'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('readMail', () => {
  it('joins folded headers and keeps the body', () => {
    const mail = readMail(bytes('From x@y Tue Oct 1\nSubject: one\n    two\nTo: me\n\nfirst\n\nsecond\n'))
    expect(mail.headers.get('subject')).toBe('one two')
    expect(mail.headers.get('to')).toBe('me')
    expect(mail.body).toBe('first\n\nsecond\n')
  })

  it('reads Windows line ends', () => {
    expect(readMail(bytes('Subject: a\r\n\r\nb')).body).toBe('b')
  })

  it('reads a mail without a body', () => {
    expect(readMail(bytes('Subject: a'))).toEqual({ headers: new Map([['subject', 'a']]), body: '' })
  })

  it('reads UTF-8, and bytes that are not', () => {
    expect(readMail(bytes('\n\n£7,000')).body).toBe('£7,000')
    expect(readMail(Uint8Array.of(10, 10, 0x42, 0xf6, 0x64)).body).toBe('Böd')
  })
})

describe('decodeWords', () => {
  it.each([
    ['=?utf-8?Q?caf=C3=A9_au_lait?=', 'café au lait'],
    ['=?UTF-8?B?5paw6Ze7?= today', '新闻 today'],
    ['=?iso-8859-1?q?Bl=F6?=\n =?iso-8859-1?q?=F6d?=', 'Blööd'],
    ['2 + 2 =? 4', '2 + 2 =? 4'],
    ['=?no-such-charset?q?a?=', '=?no-such-charset?q?a?='],
  ])('%s', (header, expected) => {
    expect(decodeWords(header)).toBe(expected)
  })
})
