import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { ConfigModule, ConfigService } from '@nestjs/config'
import { NestFactory } from '@nestjs/core'
import { Transport, type MicroserviceOptions } from '@nestjs/microservices'
import { TerminusModule } from '@nestjs/terminus'
import { KafkaModule } from 'kts-kafka/nest'
import { Billing, Orders, OrdersController } from './orders'

@Module({ providers: [Billing], exports: [Billing] })
class BillingModule {}

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [() => ({ BILLING_GROUP: 'billing-from-config' })] }),
    TerminusModule,
    BillingModule,
    KafkaModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        bootstrapServers: config.getOrThrow<string>('KAFKA_BROKERS'),
        topics: [Orders],
        consumer: { autoOffsetReset: 'earliest' as const },
      }),
    }),
  ],
  controllers: [OrdersController],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
  app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.TCP,
    options: { port: Number(process.env.TCP_PORT) },
  })
  app.enableShutdownHooks()
  await app.startAllMicroservices()
  await app.listen(0, '127.0.0.1')
  await app.get(Billing).place('1')
  console.log(`ready ${await app.getUrl()}`)
  process.on('message', (id: string) => void app.get(Billing).place(id))
}
void bootstrap()
