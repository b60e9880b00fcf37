/** The application: a shop, three listeners, and what is done about failures. */
import { Module } from '@nestjs/common'
import { deadLetter, DefaultErrorHandler, exponential } from 'kts-kafka'
import { KafkaModule } from 'kts-kafka/nest'
import { Audit } from './audit.js'
import { Billing } from './billing.js'
import { DeadLetters } from './dead-letters.js'
import { Journal } from './journal.js'
import { Orders } from './orders.js'
import { Shop } from './shop.js'

@Module({ providers: [Journal], exports: [Journal] })
class JournalModule {}

@Module({
  imports: [
    JournalModule,
    KafkaModule.forRootAsync({
      imports: [JournalModule],
      inject: [Journal],
      useFactory: (journal: Journal) => ({
        bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092',
        topics: [Orders],
        consumer: { autoOffsetReset: 'earliest' },
        listener: {
          errorHandler: new DefaultErrorHandler({
            attempts: 5,
            backOff: exponential({ initialMs: 100, maxMs: 1_000 }),
            notRetryable: [RangeError],
            recoverer: deadLetter(),
            retryListeners: [journal],
          }),
        },
      }),
    }),
  ],
  providers: [Shop, Billing, Audit, DeadLetters],
})
export class OrdersModule {}
