// Starts each build of the application, sees its listeners work beside HTTP and TCP, and stops it in the middle of a record.
const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const { createServer, connect } = require('node:net')
const { EmbeddedKafka } = require('kts-kafka/testing')

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function run(build) {
  const broker = await EmbeddedKafka.start()
  const tcpPort = await freePort()
  const app = fork(`${build}/main.js`, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, KAFKA_BROKERS: broker.bootstrapServers, TCP_PORT: String(tcpPort) },
  })
  let output = ''
  const waiting = []
  const look = () => {
    for (const one of waiting) if (output.includes(one.text)) one.resolve()
  }
  app.stdout.on('data', (chunk) => ((output += chunk), look()))
  const until = (text) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no '${text}' in\n${output}`)), 20_000)
      waiting.push({ text, resolve: () => (clearTimeout(timer), resolve()) })
      look()
    })

  await until('ready http')
  await until('billed 1')
  await until('audited 1')
  assert.match(output, /billing 1 in billing-from-config/)

  const url = /ready (\S+)/.exec(output)[1]
  const health = await (await fetch(`${url}/health`)).json()
  assert.equal(health.status, 'ok')
  assert.equal(health.info.kafka.status, 'up')

  const message = JSON.stringify({ pattern: 'ping', data: 'pong' })
  const socket = connect(tcpPort, '127.0.0.1')
  socket.write(`${message.length}#${message}`)
  await until('pinged pong')
  socket.destroy()

  app.send('slow')
  await until('billing slow')
  app.kill('SIGTERM')
  await once(app, 'exit')
  assert.ok(output.indexOf('billed slow') > 0, output)
  assert.ok(output.indexOf('destroyed') > output.indexOf('billed slow'), output)
  await broker.stop()
}

async function main() {
  await run('./dist')
  await run('./dist-node10')
  process.exit(0)
}
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
