// Each form of the application: listeners start once, beside HTTP and TCP, and are drained before the users' hooks.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { EmbeddedKafka } from 'kts-kafka/testing'

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function run(mode, { http, tcp }) {
  const broker = await EmbeddedKafka.start()
  const tcpPort = await freePort()
  const env = { ...process.env, KAFKA_BROKERS: broker.bootstrapServers, TCP_PORT: String(tcpPort), MODE: mode }
  const app = fork('dist/main.js', { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env })
  let output = ''
  const waiting = []
  const look = () => waiting.forEach(({ text, resolve }) => output.includes(text) && resolve())
  app.stdout.on('data', (chunk) => ((output += chunk), look()))
  const until = (text) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${mode}: no '${text}' in\n${output}`)), 20_000)
      waiting.push({ text, resolve: () => (clearTimeout(timer), resolve()) })
      look()
    })
  const times = (line) => output.split('\n').filter((each) => each === line).length

  await until('ready')
  await until('billed 1')
  await until('audited 1')
  await until('reported 1 of orders')
  if (http) {
    const url = /url (\S+)/.exec(output)[1]
    assert.equal(await (await fetch(url)).text(), 'served')
  }
  if (tcp) {
    const message = JSON.stringify({ pattern: 'ping', data: 'pong' })
    const socket = connect(tcpPort, '127.0.0.1')
    socket.write(`${message.length}#${message}`)
    await until('pinged pong')
    socket.destroy()
  }
  await broker.hooks.waitForGroup('billing', { members: 1 })

  app.send('slow')
  await until('billing slow')
  app.kill('SIGTERM')
  await once(app, 'exit')
  const started = ['started billing', 'started audit', 'started reporting']
  for (const line of [...started, 'billed 1', 'audited 1', 'reported 1 of orders', 'billed slow', 'destroyed']) {
    assert.equal(times(line), 1, `${mode}: '${line}' once in\n${output}`)
  }
  assert.ok(output.indexOf('destroyed') > output.indexOf('billed slow'), output)
  await broker.untilCommitted('billing', await placeOfLast(broker))
  await broker.stop()
  console.log(`${mode}: as it should be`)
}

/** After the last record: what is committed when everything was. */
async function placeOfLast(broker) {
  const slow = (await broker.records('orders')).find((record) => record.json().id === 'slow')
  return { topic: 'orders', partition: slow.partition, offset: slow.offset + 1 }
}

const { version } = JSON.parse(readFileSync('node_modules/@nestjs/core/package.json', 'utf8'))
console.log(`Nest ${version}`)
await run('hybrid', { http: true, tcp: true })
await run('hybrid, its microservice late', { http: true, tcp: true })
await run('microservice', { http: false, tcp: true })
await run('context', { http: false, tcp: false })
process.exit(0)
