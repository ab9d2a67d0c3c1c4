import { defineConfig } from 'vitest/config'

/** Where `lineage up` listens, for `npm run dev`. */
const SERVER = process.env.LINEAGE_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  base: './', // it works under any prefix
  build: {
    outDir: '../static/page',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    modulePreload: { polyfill: false }, // an inline script, which the content security policy forbids
    assetsInlineLimit: 0,
    license: { fileName: 'LICENSES.md' },
  },
  server: {
    host: '127.0.0.1',
    fs: { allow: ['../../..'] }, // the saved queries lie in graphql/queries
    proxy: Object.fromEntries(
      ['/graphql', '/graphiql', '/static'].map((path) => [path, { target: SERVER, changeOrigin: true }]),
    ),
  },
  test: { include: ['tests/**/*.test.{ts,tsx}'] },
})
