/**
 * docs/coverage.md: every API of Apache Kafka's brokers, the versions that it serves and those that kts-server serves, and
 * which tests try it. Read from the sources: the list of handlers, test/facts/api-versions.json, and the tests themselves.
 * `npm run docs` writes the page; test/coverage.test.ts holds it to this.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fromSources } from './from-sources.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path) => readFileSync(`${root}${path}`, 'utf8')

/** The page as it should be. */
export async function coveragePage() {
  const { apis } = JSON.parse(read('test/facts/api-versions.json')).broker
  const served = new Map((await servedApis()).map(({ key, versions }) => [key, versions]))
  const suites = triedBy()
  const rows = apis.map(({ key, name, min, max }) => {
    const versions = served.get(key)
    const tried = suites.map(({ tries }) => (versions && tries(name) ? 'yes' : ''))
    return [key, name, `${min}–${max}`, versions ? `${versions[0]}–${versions[1]}` : 'not served', ...tried]
  })
  const count = apis.filter(({ key }) => served.has(key)).length
  const untried = apis.filter(({ key, name }) => served.has(key) && !suites.some(({ tries }) => tries(name)))
  return [
    '# Coverage',
    '',
    '<!-- Written by `npm run docs` from the sources; what is changed by hand is lost. -->',
    '',
    `The APIs of a broker of Apache Kafka ${kafkaVersion()}, the versions of each that it serves and that \`kts-server\` serves, and`,
    `which suites try it: ${count} of ${apis.length} are served. What is not served is not advertised either.`,
    '',
    table(['key', 'API', 'Apache Kafka', 'kts-server', ...suites.map(({ title }) => title)], rows),
    '',
    ...suites.map(({ title, about }) => `- ${title}: ${about}.`),
    '',
    untried.length > 0 && `Served, and tried by none of these: ${untried.map(({ name }) => name).join(', ')}.\n`,
    'Produce is advertised from version 0, as Kafka does, and refused below 3. The layouts of every API and version are held',
    'to bytes that Java wrote (`src/protocol/golden.test.ts`), and the fuzzer sends every API that is served, in every version',
    '(`src/server/fuzz.test.ts`, `test/long/fuzz.test.ts`).',
    '',
  ]
    .filter((line) => line !== false)
    .join('\n')
}

/** Key and versions of what this broker serves, from its list of handlers. */
async function servedApis() {
  const { apis } = await fromSources('served-apis', `
    import { handlers } from './src/server/api/index.ts'
    export const apis = handlers.map(({ api: { key, versions } }) => ({ key, versions }))`)
  return apis
}

/** Suites, and the names of the APIs that their sources try. */
function triedBy() {
  return [
    {
      title: 'unit',
      about: 'tests in `src/server`, beside the code: by the handler, its part of the broker, or virtual sockets',
      tries: inSources(filesUnder('src/server', '.test.ts'), (name) => {
        const local = camelCase(name)
        const called = `\\b(?:messages|groups|transactions|coordinator|controller|scene)\\.${local}\\b`
        return new RegExp(`${called}|\\b${local}Handler\\b|\\btypeof ${local}\\b|\\bdecide${name}\\b`)
      }),
    },
    {
      title: 'differential',
      about: 'the same requests to Apache Kafka, in every version, answers compared (`test/differential`)',
      tries: inSources(
        filesUnder('test/differential/scripts', '.ts'),
        (name) => new RegExp(`\\bscript\\(\\s*(?:messages\\.)?${camelCase(name)},`),
      ),
    },
    {
      title: 'interop',
      about:
        'a case runs one of Kafka\'s tools that asks for it (`test/interop/cases`), or a program of Java calls for it ' +
        '(`test/interop/clients/java`); what other client libraries ask for of their own accord is not counted',
      tries: anyOf(
        inSources(filesUnder('test/interop/cases', '.ts'), (name) => {
          const tools = TOOLS.filter(([, , apis]) => apis.split(' ').includes(name))
          // the flag stands in the same call, or in the list of words that goes with it
          return new RegExp(tools.map(([tool, flag]) => `'${tool}'[^;]{0,240}${flag}`).join('|') || '(?!)')
        }),
        inSources(filesUnder('test/interop/clients/java', '.java'), (name) => {
          const called = JAVA.filter(([, apis]) => apis.split(' ').includes(name)).map(([call]) => call)
          return new RegExp([`\\badmin\\.${camelCase(name)}\\(`, ...called].join('|'))
        }),
      ),
    },
  ]
}

/** What Kafka's tools ask for: tool, flag, APIs. */
const TOOLS = [
  ['kafka-topics', '--create', 'CreateTopics'],
  ['kafka-topics', '--delete', 'DeleteTopics'],
  ['kafka-topics', '--describe', 'DescribeTopicPartitions DescribeConfigs'],
  ['kafka-topics', '--alter', 'CreatePartitions'],
  ['kafka-topics', '--list', 'Metadata'],
  ['kafka-configs', '--describe', 'DescribeConfigs'],
  ['kafka-configs', '--alter', 'IncrementalAlterConfigs'],
  ['kafka-configs', 'SCRAM', 'AlterUserScramCredentials'],
  ['kafka-acls', '--add', 'CreateAcls'],
  ['kafka-acls', '--list', 'DescribeAcls'],
  ['kafka-acls', '--remove', 'DeleteAcls'],
  ['kafka-consumer-groups', '', 'FindCoordinator'],
  ['kafka-consumer-groups', '--list', 'ListGroups'],
  ['kafka-consumer-groups', '--describe', 'DescribeGroups ConsumerGroupDescribe OffsetFetch'],
  ['kafka-consumer-groups', '--reset-offsets', 'OffsetCommit'],
  ['kafka-consumer-groups', '--delete-offsets', 'OffsetDelete'],
  ['kafka-consumer-groups', '--delete ', 'DeleteGroups'],
  ['kafka-get-offsets', '', 'ListOffsets'],
  ['kafka-delete-records', '', 'DeleteRecords'],
  ['kafka-log-dirs', '', 'DescribeLogDirs'],
  ['kafka-cluster', 'cluster-id', 'DescribeCluster'],
  ['kafka-broker-api-versions', '', 'ApiVersions'],
  ['kafka-features', '', 'ApiVersions'],
  ['kafka-transactions', 'list', 'ListTransactions'],
  ['kafka-transactions', 'describe', 'DescribeTransactions'],
  ['kafka-metadata-quorum', '', 'DescribeQuorum'],
  ['kafka-verifiable-producer', '', 'Produce InitProducerId'],
  ['kafka-console-consumer', '', 'Fetch'],
  ['kafka-verifiable-consumer', '', 'Fetch JoinGroup SyncGroup Heartbeat LeaveGroup OffsetCommit OffsetFetch'],
]

/** What Java's clients ask for where a method of the AdminClient does not have the API's name. */
const JAVA = [
  ['admin\\.describeMetadataQuorum\\(', 'DescribeQuorum'],
  ['admin\\.alterConsumerGroupOffsets\\(', 'OffsetCommit'],
  ['admin\\.deleteConsumerGroupOffsets\\(', 'OffsetDelete'],
  ['admin\\.deleteConsumerGroups\\(', 'DeleteGroups'],
  ['admin\\.describeClassicGroups\\(', 'DescribeGroups'],
  ['admin\\.abortTransaction\\(', 'WriteTxnMarkers'],
  ['\\bcommitTransaction\\(', 'EndTxn'],
  ['EXACTLY_ONCE_V2', 'TxnOffsetCommit EndTxn'],
  ['"group.protocol", "consumer"', 'ConsumerGroupHeartbeat'],
]

const anyOf =
  (...tries) =>
  (name) =>
    tries.some((tried) => tried(name))

/** Is there a match for the API's name in any of these files? */
function inSources(files, patternFor) {
  const text = files.map(read).join('\n')
  return (name) => patternFor(name).test(text)
}

const filesUnder = (folder, ending) =>
  readdirSync(`${root}${folder}`, { recursive: true })
    .filter((path) => path.endsWith(ending))
    .map((path) => `${folder}/${path}`)
    .toSorted()

const camelCase = (name) => name[0].toLowerCase() + name.slice(1)
const kafkaVersion = () => /<kafka\.version>([^<]+)/.exec(read('scripts/kafka/pom.xml'))[1]

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(`${root}docs/coverage.md`, await coveragePage())
}
