import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cacheFolder } from './cache-folder.js'

it('the cache lies where the system wants it, or where MS_CACHE says', () => {
  expect(cacheFolder({ MS_CACHE: '/x', XDG_CACHE_HOME: '/y' }, 'linux')).toBe('/x')
  expect(cacheFolder({ XDG_CACHE_HOME: '/y' }, 'linux')).toBe(join('/y', 'model-tuned-search'))
  expect(cacheFolder({}, 'linux')).toMatch(/\.cache.model-tuned-search$/)
  expect(cacheFolder({}, 'darwin')).toMatch(/Library.Caches.model-tuned-search$/)
  expect(cacheFolder({ LOCALAPPDATA: '/l' }, 'win32')).toBe(join('/l', 'model-tuned-search', 'cache'))
})
