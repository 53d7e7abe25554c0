import { defineConfig, type Options } from 'tsup'

/** What every package's build has in common: ESM, types, source maps, nothing bundled from other packages. */
export const library = (options: Options) =>
  defineConfig({
    format: 'esm',
    // The types of other packages as these have built them, not from all their sources: half the time of a whole build.
    dts: { compilerOptions: { customConditions: [] } },
    sourcemap: true,
    clean: true,
    target: 'node20',
    splitting: true,
    treeshake: true,
    ...options,
  })
