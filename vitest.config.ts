import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['ms-source'] },
  ssr: { resolve: { conditions: ['ms-source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/*/**/*.test.ts', 'tests/**/*.test.ts'],
    // A stranger's package runs its own tests, where it is installed: tests/pack.
    exclude: ['**/node_modules/**', '**/dist/**', 'examples/plugin-encoder/**'],
    pool: 'forks',
    reporters: ['default', ['json', { outputFile: '.cache/test-results.json' }]],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
