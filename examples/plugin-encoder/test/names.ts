const kinds = ['region', 'language', 'currency', 'script'] as const

/**
 * Names of countries, languages, currencies and scripts as Node itself knows them: in traditional Chinese, and in simplified Chinese, each once.
 * Some differ in no character, some in most, some are other words altogether.
 */
export function chineseNames(): { traditional: string; simplified: string }[] {
  const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i))
  const codes = {
    region: letters.flatMap((a) => letters.map((b) => (a + b).toUpperCase())),
    language: letters.flatMap((a) => letters.flatMap((b) => ['', ...letters].map((c) => a + b + c))),
    currency: Intl.supportedValuesOf('currency'),
    script: [
      'Arab',
      'Armn',
      'Beng',
      'Cher',
      'Cyrl',
      'Deva',
      'Ethi',
      'Geor',
      'Grek',
      'Gujr',
      'Guru',
      'Hang',
      'Hebr',
      'Hira',
      'Kana',
      'Khmr',
    ],
  }
  const names = new Map<string, string>()
  for (const type of kinds) {
    const [hant, hans] = ['zh-Hant', 'zh-Hans'].map((locale) => new Intl.DisplayNames(locale, { type, fallback: 'none' }))
    for (const code of codes[type]) {
      const [traditional, simplified] = [hant.of(code), hans.of(code)]
      if (traditional && simplified) names.set(simplified, traditional)
    }
  }
  return [...names].map(([simplified, traditional]) => ({ simplified, traditional }))
}
