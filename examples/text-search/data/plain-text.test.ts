import { describe, expect, it } from 'vitest'
import { plainText } from './plain-text.js'

describe('plainText', () => {
  it.each([
    ['decodes entities', 'A &amp; B &#8220;c&#8221; &#x2014; &reg; &unknown;', 'A & B “c” — ® &unknown;'],
    ['decodes an escaped entity once only', '&amp;lt;', '&lt;'],
    ['leaves numbers that are no character', '&#0; &#9999999;', '&#0; &#9999999;'],
    ['mends Windows quotation marks', 'it\u0092s \u0093so\u0094 \u0085', 'it’s “so” …'],
    ['drops footnotes and their marks', 'Daypop[1] is back.\n\n[1] http://www.daypop.com/top/\n', 'Daypop is back.'],
    ['drops addresses', 'see https://example.org/a?b=1 now', 'see now'],
    ['drops tags', '<strong>More Reviews</strong><br/>', 'More Reviews'],
    ['keeps comparisons', '1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
    ['drops a picture', '[IMG: http://example.org/a.jpg] Stefan says', 'Stefan says'],
    ['keeps a picture’s caption', '[IMG: http://example.org/a.gif (A \npicture of\n me)][1]Last year', 'A picture of me Last year'],
    ['keeps a caption in brackets', '[IMG: http://example.org/r.gif ([Reuters])]', 'Reuters'],
    ['keeps a caption cut off', '[IMG: http://example.org/r.gif (Dynamic HTML, 2d', 'Dynamic HTML, 2d'],
    ['names a picture whose caption is gone', '[IMG: http://example.org/sam.gif (', 'sam.gif'],
    ['drops emphasis', '_Ye-hi._ *Books:* Fay (_Thanks, Zed[3]!_)', 'Ye-hi. Books: Fay (Thanks, Zed!)'],
    ['drops emphasis whose space fell inside', '*Sport: *BBC, writes * Jon Henley*.', 'Sport: BBC, writes Jon Henley.'],
    ['keeps names and bullets', 'mod_cc and WM_X * one * two', 'mod_cc and WM_X * one * two'],
    ['joins lines', '  a\n\n b\u00a0\tc ', 'a b c'],
    ['leaves nothing of nothing', '', ''],
  ])('%s', (_, text, expected) => {
    expect(plainText(text)).toBe(expected)
  })
})
