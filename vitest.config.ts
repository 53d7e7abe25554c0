import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['ms-source'] },
  ssr: { resolve: { conditions: ['ms-source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/*/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
