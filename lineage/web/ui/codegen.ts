import type { CodegenConfig } from '@graphql-codegen/cli'

/** Types of what the saved queries answer, out of the schema: `npm run types`. */
const config: CodegenConfig = {
  schema: '../../../graphql/schema.graphql',
  documents: ['page-*', 'layout', 'provenance', 'run-graph', 'artifact-text'].map(
    (name) => `../../../graphql/queries/${name}.graphql`,
  ),
  generates: {
    'src/api/types.ts': {
      plugins: ['typescript-operations'],
      config: {
        onlyOperationTypes: true,
        enumsAsTypes: true,
        enumType: 'string-literal',
        useTypeImports: true,
        scalars: { ID: 'string', DateTime: 'string', Digest: 'string', BigInt: 'number | string', JSON: 'unknown' },
        skipTypename: true,
        immutableTypes: true,
        avoidOptionals: { field: true },
      },
    },
  },
}

export default config
