import { defineConfig, type Options } from 'tsup'

/** What every package's build has in common: ESM, types, source maps, nothing bundled from other packages. */
export const library = (options: Options) =>
  defineConfig({ format: 'esm', dts: true, sourcemap: true, clean: true, target: 'node20', splitting: true, treeshake: true, ...options })
