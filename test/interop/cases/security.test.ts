// TLS, SASL and access rules, as Java's tools and librdkafka use them.
import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { certify, configFile, folder, read, trust } from '../certificates.js'
import { type RunOptions, home, kafkaTool, kcat, root, run, words } from '../commands.js'
import { useTarget } from '../target.js'

certify('server', '/CN=localhost')
certify('client', '/CN=alice/OU=clients/O=Acme')
writeFileSync(`${folder}/trust.pem`, read('server.pem') + read('client.pem'))
trust('server', 'trust.p12')
trust('client', 'trust.p12')

const module = 'org.apache.kafka.common.security'
const listener = 'listener.name.plaintext'
const authorizer = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'inter.broker.listener.name': 'PLAINTEXT',
  'offsets.topic.num.partitions': '1',
}
// Everything on the one listener that the target has, under another protocol
const overSasl = (protocol: string) => ({
  'listener.security.protocol.map': `PLAINTEXT:${protocol},CONTROLLER:PLAINTEXT`,
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
  'sasl.mechanism.inter.broker.protocol': 'PLAIN',
  [`${listener}.plain.sasl.jaas.config`]:
    `${module}.plain.PlainLoginModule required username="admin" password="admin-secret" ` +
    'user_admin="admin-secret" user_alice="alice-secret";',
  [`${listener}.scram-sha-256.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
  [`${listener}.scram-sha-512.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
  [`${listener}.oauthbearer.sasl.jaas.config`]:
    `${module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin" ` +
    'unsecuredValidatorAllowableClockSkewMs="1000";',
})

const mechanisms: Readonly<Record<string, string>> = {
  PLAIN: 'plain.PlainLoginModule',
  'SCRAM-SHA-256': 'scram.ScramLoginModule',
  'SCRAM-SHA-512': 'scram.ScramLoginModule',
}

const asUser = (protocol: string, mechanism: string, user: string, password = `${user}-secret`) => ({
  'security.protocol': protocol,
  'sasl.mechanism': mechanism,
  'sasl.jaas.config': `${module}.${mechanisms[mechanism]} required username="${user}" password="${password}";`,
})

const kcatAs = (protocol: string, mechanism: string, user: string, password = `${user}-secret`): readonly string[] => [
  '-X',
  `security.protocol=${protocol}`,
  '-X',
  `sasl.mechanism=${mechanism}`,
  '-X',
  `sasl.username=${user}`,
  '-X',
  `sasl.password=${password}`,
]

/** A tool of Kafka's with client settings from a file. */
function toolAs(
  bootstrap: string,
  name: string,
  config: string,
  args: string | readonly string[],
  options?: RunOptions,
) {
  return kafkaTool(name, ['--bootstrap-server', bootstrap, '--command-config', config, ...words(args)], options)
}

describe('SASL and access rules', () => {
  const target = useTarget({
    ...overSasl('SASL_PLAINTEXT'),
    ...authorizer,
    'super.users': 'User:admin;User:ANONYMOUS',
  })
  const protocol = 'SASL_PLAINTEXT'
  const admin = configFile('admin', asUser(protocol, 'PLAIN', 'admin'))
  const alice = configFile('alice', asUser(protocol, 'PLAIN', 'alice'))
  const asAdmin = (name: string, args: string | readonly string[]) => toolAs(target().bootstrap, name, admin, args)

  test('a wrong password is refused, and the tool is told why', async () => {
    const wrong = configFile('wrong', asUser(protocol, 'PLAIN', 'alice', 'guess'))
    const { code, text, stderr } = await toolAs(target().bootstrap, 'kafka-topics', wrong, '--list', { mayFail: true })
    expect(code).not.toBe(0)
    expect(text + stderr).toMatch(/SaslAuthenticationException/)
    const { stderr: told } = await kcat(
      target().bootstrap,
      [...kcatAs(protocol, 'PLAIN', 'alice', 'guess'), '-L', '-m', '3'],
      {
        mayFail: true,
      },
    )
    expect(told).toMatch(/SASL authentication error/)
  })

  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    test(`${mechanism}: a user is made, logs in by every client, and is gone when deleted`, async () => {
      const user = `bob-${mechanism.slice(-3)}`
      const entity = `--entity-type users --entity-name ${user}`
      await asAdmin(
        'kafka-configs',
        `--alter --add-config ${mechanism}=[iterations=4096,password=${user}-secret] ${entity}`,
      )
      const config = configFile(user, asUser(protocol, mechanism, user))
      await toolAs(target().bootstrap, 'kafka-topics', config, '--list')
      const script = `${root}test/interop/clients/python/login.py`
      const login = [script, target().bootstrap, mechanism, user, `${user}-secret`]
      const { text } = await run(`${home}/python/bin/python`, login)
      expect(JSON.parse(text)).toEqual({ librdkafka: true, 'kafka-python': true, aiokafka: true })
      await asAdmin('kafka-configs', `--alter --delete-config ${mechanism} ${entity}`)
      const { code } = await toolAs(target().bootstrap, 'kafka-topics', config, '--list', { mayFail: true })
      expect(code).not.toBe(0)
    })
  }

  test('OAUTHBEARER: librdkafka comes in by an unsigned token, where that is asked for', async () => {
    const oauth = ['-X', `security.protocol=${protocol}`, '-X', 'sasl.mechanism=OAUTHBEARER']
    const unsigned = [
      '-X',
      'enable.sasl.oauthbearer.unsecure.jwt=true',
      '-X',
      'sasl.oauthbearer.config=principal=carol',
    ]
    expect((await kcat(target().bootstrap, [...oauth, ...unsigned, '-L'])).text).toContain('1 brokers')
  })

  test('rules: made, listed, obeyed, and deleted by kafka-acls', async () => {
    await asAdmin('kafka-topics', '--create --topic orders')
    const asAlice = (args: string, input?: string) =>
      kcat(target().bootstrap, [...kcatAs(protocol, 'PLAIN', 'alice'), ...words(args)], {
        mayFail: true,
        ...(input !== undefined && { input }),
      })
    expect((await toolAs(target().bootstrap, 'kafka-topics', alice, '--list')).text).toBe('')
    expect((await asAlice('-P -t orders -X message.timeout.ms=5000', 'x\n')).stderr).toMatch(/authorization failed/i)

    await asAdmin('kafka-acls', '--add --allow-principal User:alice --producer --topic orders')
    expect((await asAlice('-P -t orders', 'one\n')).code).toBe(0)
    expect((await asAlice('-C -t orders -e -q')).stderr).toMatch(/authorization failed/i)

    await asAdmin(
      'kafka-acls',
      '--add --allow-principal User:alice --consumer --topic ord --group readers --resource-pattern-type prefixed',
    )
    expect((await asAlice('-G readers -X auto.offset.reset=earliest -e -q orders')).text).toBe('one')
    const listed = (await asAdmin('kafka-acls', '--list --topic orders --resource-pattern-type match')).text
    expect(listed).toContain('(principal=User:alice, host=*, operation=WRITE, permissionType=ALLOW)')
    expect(listed).toContain('ResourcePattern(resourceType=TOPIC, name=ord, patternType=PREFIXED)')

    await asAdmin('kafka-acls', '--add --deny-principal User:alice --operation Write --topic *')
    expect((await asAlice('-P -t orders -X message.timeout.ms=5000', 'x\n')).stderr).toMatch(/authorization failed/i)
    await asAdmin('kafka-acls', '--remove --force --deny-principal User:alice --operation Write --topic *')
    expect((await asAlice('-P -t orders', 'two\n')).code).toBe(0)

    const refused = await toolAs(target().bootstrap, 'kafka-acls', alice, '--list', { mayFail: true })
    expect(refused.text + refused.stderr).toMatch(/ClusterAuthorizationException/)
  })

  test('rules outlive a restart', async () => {
    await asAdmin('kafka-acls', '--add --allow-principal User:dave --operation Read --topic kept')
    await target().stop()
    await target().start()
    expect((await asAdmin('kafka-acls', '--list --topic kept')).text).toContain('principal=User:dave')
  })
})

describe('TLS by PEM, with certificates both ways', () => {
  beforeAll(() => expect(read('server-store.pem')).toContain('PRIVATE KEY'))
  const target = useTarget({
    'listener.security.protocol.map': 'PLAINTEXT:SSL,CONTROLLER:PLAINTEXT',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': `${folder}/server-store.pem`,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': `${folder}/trust.pem`,
    'ssl.client.auth': 'required',
    'ssl.principal.mapping.rules': 'RULE:^.*CN=(.*?)(,.*)?$/$1/L',
    ...authorizer,
    'super.users': 'User:localhost;User:ANONYMOUS',
  })
  const java = configFile('ssl', {
    'security.protocol': 'SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': `${folder}/server.pem`,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': `${folder}/server-store.pem`,
  })
  const trusting = ['-X', 'security.protocol=SSL', '-X', `ssl.ca.location=${folder}/server.pem`]
  const showing = ['-X', `ssl.certificate.location=${folder}/client.pem`, '-X', `ssl.key.location=${folder}/client.key`]

  test('Java and librdkafka come in, and are who their certificates say', async () => {
    await toolAs(target().bootstrap, 'kafka-topics', java, '--create --topic safe')
    const { stderr } = await kcat(target().bootstrap, [...trusting, ...showing, '-C', '-t', 'safe', '-e', '-q'], {
      mayFail: true,
    })
    expect(stderr).toMatch(/authorization failed/i)
    await toolAs(
      target().bootstrap,
      'kafka-acls',
      java,
      '--add --allow-principal User:alice --operation All --topic safe',
    )
    const as = [...trusting, ...showing]
    await kcat(target().bootstrap, [...as, '-P', '-t', 'safe'], { input: 'hello\n' })
    expect((await kcat(target().bootstrap, [...as, '-C', '-t', 'safe', '-e', '-q'])).text).toBe('hello')
  })

  test('who shows no certificate does not get in', async () => {
    const { code } = await kcat(target().bootstrap, [...trusting, '-L', '-m', '3'], { mayFail: true })
    expect(code).not.toBe(0)
  })

  test('who does not speak TLS does not get in', async () => {
    const { code } = await kcat(target().bootstrap, ['-L', '-m', '3'], { mayFail: true })
    expect(code).not.toBe(0)
  })
})

describe('SASL over TLS by PKCS12', () => {
  const target = useTarget({
    ...overSasl('SASL_SSL'),
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': `${folder}/server.p12`,
    'ssl.keystore.password': 'changeit',
    'ssl.key.password': 'changeit',
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.location': `${folder}/trust.p12`,
    'ssl.truststore.password': 'changeit',
  })
  const protocol = 'SASL_SSL'

  test('Java and librdkafka come in', async () => {
    const java = configFile('sasl-ssl', {
      ...asUser(protocol, 'PLAIN', 'alice'),
      'ssl.truststore.type': 'PKCS12',
      'ssl.truststore.location': `${folder}/trust.p12`,
      'ssl.truststore.password': 'changeit',
    })
    await toolAs(target().bootstrap, 'kafka-topics', java, '--create --topic both')
    const as = [...kcatAs(protocol, 'PLAIN', 'alice'), '-X', `ssl.ca.location=${folder}/server.pem`]
    await kcat(target().bootstrap, [...as, '-P', '-t', 'both'], { input: 'hello\n' })
    expect((await kcat(target().bootstrap, [...as, '-C', '-t', 'both', '-e', '-q'])).text).toBe('hello')
  })
})
