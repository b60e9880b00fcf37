import { Container, type Newable } from 'inversify'
import { describeContainer } from '../../test/messaging/container-contract.js'
import { silentLog } from '../base/log.js'
import { listenersOf } from '../index.js'
import { Kafka, kafkaModule } from './index.js'

describeContainer('inversify', async (config, classes) => {
  const container = new Container({ defaultScope: 'Singleton' })
  for (const type of classes as readonly Newable<object>[]) container.bind(type).toSelf()
  const listeners = classes.filter((type) => listenersOf(type).length > 0)
  await container.loadAsync(kafkaModule({ ...config, log: silentLog, listeners }))
  await (await container.getAsync(Kafka)).start()
  return {
    get: (type) => container.get(type as Newable<InstanceType<typeof type>>),
    close: () => container.unbindAllAsync(),
  }
})
