/**
 * Which package may import which (ARCHITECTURE.md, "Rooms"). A row lists what a package may import; everything else in
 * packages/ is refused. Tests may use @ms/testing besides.
 */
const rooms = {
  core: [],
  runtime: ['core'],
  backbones: ['core', 'runtime'],
  embed: ['core', 'runtime', 'backbones'],
  finetune: ['core', 'runtime', 'backbones', 'embed'],
  index: ['core'],
  search: ['core'],
  testing: ['core'],
  mini: ['core'],
  cli: ['core', 'runtime', 'backbones', 'embed', 'finetune', 'index', 'search', 'mini'],
}

const source = (room) => `^packages/${room}/`
const isTest = '([.]test[.]ts$|/fixtures/)'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room-${room}`,
      comment: `@ms/${room} may import ${allowed.length ? allowed.map((name) => `@ms/${name}`).join(', ') : 'no other package'}.`,
      severity: 'error',
      from: { path: `${source(room)}src/`, pathNot: isTest },
      to: { path: '^packages/', pathNot: [room, ...allowed].map(source) },
    })),
    {
      name: 'no-tensorflow-in-core-index-search',
      comment: 'index and search never see a tensor; core names tensor types only.',
      severity: 'error',
      from: { path: '^packages/(core|index|search|mini)/src/', pathNot: isTest },
      to: { path: '@tensorflow/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'node-behind-its-own-entry',
      comment: 'Common code runs in browsers too: what needs Node stands in a node/ folder.',
      severity: 'error',
      from: { path: '^packages/(core|runtime|backbones|embed|finetune|index|search)/src/', pathNot: [isTest, '/node/'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-import-of-node-folders-from-common-code',
      severity: 'error',
      from: { path: '^packages/(core|runtime|backbones|embed|finetune|index|search)/src/', pathNot: [isTest, '/node/'] },
      to: { path: '^packages/.+/node/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { conditionNames: ['ms-source', 'import', 'node', 'default', 'types', 'require'], exportsFields: ['exports'] },
  },
}
