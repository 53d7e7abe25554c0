/** A mail: its headers by lower-case name, and its body. */
export interface Mail {
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** UTF-8, or a character a byte where it is not: what mails of 2002 are written in. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  }
}

/** `=?utf-8?Q?caf=C3=A9?=` as `café` (RFC 2047). */
export function decodeWords(header: string): string {
  const joined = header.replace(/(\?=)\s+(?==\?)/g, '$1')
  return joined.replace(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (word, charset: string, encoding: string, text: string) => {
    const binary =
      encoding.toLowerCase() === 'b'
        ? atob(text)
        : text.replaceAll('_', ' ').replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    try {
      return new TextDecoder(charset).decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)))
    } catch {
      return word
    }
  })
}

/** Reads one mail (RFC 822): folded headers are joined; of a header that is there twice, the last one counts. */
export function readMail(bytes: Uint8Array): Mail {
  const text = decode(bytes).replace(/\r\n/g, '\n')
  const end = text.indexOf('\n\n')
  const head = (end < 0 ? text : text.slice(0, end)).replace(/\n[ \t]+/g, ' ')
  const headers = new Map<string, string>()
  for (const line of head.split('\n')) {
    const [, name, value] = line.match(/^([\w-]+):\s*(.*)$/) ?? []
    if (name) headers.set(name.toLowerCase(), decodeWords(value).trim())
  }
  return { headers, body: end < 0 ? '' : text.slice(end + 2) }
}
