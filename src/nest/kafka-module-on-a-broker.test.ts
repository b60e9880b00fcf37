import type { Type } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { describeContainer } from '../../test/messaging/container-contract.js'
import { KafkaModule } from './index.js'

describeContainer('NestJS', async (config, classes) => {
  const builder = Test.createTestingModule({
    imports: [KafkaModule.forRoot(config)],
    providers: classes as Type<object>[],
  })
  builder.setLogger({ log() {}, warn() {}, error() {} })
  const app = await builder.compile()
  await app.init()
  return { get: (type) => app.get(type), close: () => app.close() }
})
