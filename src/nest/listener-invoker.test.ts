import {
  Catch,
  Controller,
  createParamDecorator,
  Inject,
  Injectable,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common'
import type {
  CallHandler,
  CanActivate,
  ExecutionContext,
  NestInterceptor,
  PipeTransform,
  Provider,
} from '@nestjs/common'
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import type { TestingModule } from '@nestjs/testing'
import { delay, map, of, tap, type Observable } from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  DefaultErrorHandler,
  json,
  Key,
  KafkaListener,
  KafkaTemplate,
  ListenerContext,
  Payload,
  topic,
  type ConsumerRecord,
} from '../index.js'
import { MemoryCluster, memoryDriver } from '../testing/memory-driver/index.js'
import { KafkaModule, type KafkaModuleOptions } from './index.js'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>() })

const failures: string[] = []
let app: TestingModule | undefined
afterEach(async () => {
  failures.length = 0
  await app?.close()
  app = undefined
})

async function start(
  providers: Provider[],
  options: Partial<KafkaModuleOptions> = {},
  controllers: (new (...args: never[]) => object)[] = [],
): Promise<KafkaTemplate> {
  const errorHandler = new DefaultErrorHandler({
    attempts: 1,
    recoverer: ({ error }) => void failures.push(String(rootOf(error))),
  })
  const builder = Test.createTestingModule({
    imports: [
      KafkaModule.forRoot({
        bootstrapServers: 'memory:9092',
        driver: memoryDriver(new MemoryCluster()),
        consumer: { autoOffsetReset: 'earliest', groupId: 'test' },
        listener: { errorHandler },
        ...options,
      }),
    ],
    providers,
    controllers,
  })
  app = await builder.setLogger({ log() {}, warn() {}, error() {} }).compile()
  await app.init()
  return app.get(KafkaTemplate)
}

const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error

const seen: unknown[] = []
const Role = (role: string): MethodDecorator => SetMetadata('role', role)

@Injectable()
class RoleGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string>('role', context.getHandler())
    const order = context.switchToRpc().getData<Order>()
    seen.push([context.getType(), context.getClass().name, context.getHandler().name, role])
    expect(context.getArgByIndex<unknown>(1)).toBeInstanceOf(ListenerContext)
    return order.id !== 'forbidden'
  }
}

class Timing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push('before')
    return next.handle().pipe(tap(() => seen.push('after')))
  }
}

class Upper implements PipeTransform<Order> {
  transform(order: Order): Order {
    if (typeof order.id !== 'string') throw new TypeError('not an order')
    return { id: order.id.toUpperCase() }
  }
}

describe('a listener in NestJS', () => {
  it('is behind its guards, interceptors and pipes, with the arguments (payload, ctx)', async () => {
    seen.length = 0
    @Injectable()
    @UseGuards(RoleGuard)
    class Billing {
      readonly prefix = 'billed'
      @Role('clerk')
      @UseInterceptors(Timing)
      @UsePipes(Upper)
      @KafkaListener(Orders)
      bill(order: Order, ctx: ListenerContext): void {
        seen.push(`${this.prefix} ${order.id} ${ctx.offset}`)
      }
    }
    const template = await start([Billing, RoleGuard])
    await template.send(Orders, { id: 'abc' })
    await template.send(Orders, { id: 'forbidden' })
    await vi.waitFor(() => expect(failures).toHaveLength(1))
    const guarded = ['kafka', 'Billing', 'bill', 'clerk']
    expect(seen).toEqual([guarded, 'before', 'billed ABC 0', 'after', guarded])
    expect(failures[0]).toContain('Forbidden')
  })

  it('has its payload piped where the parameter says, and nothing else', async () => {
    seen.length = 0
    @Injectable()
    class Billing {
      @UsePipes(Upper)
      @KafkaListener(Orders)
      bill(@Payload() order: Order, @Key() key: string): void {
        seen.push([key, order.id])
      }
      @UsePipes(
        new (class implements PipeTransform<ConsumerRecord<string, Order>[]> {
          transform(records: ConsumerRecord<string, Order>[]): ConsumerRecord<string, Order>[] {
            return records.toReversed()
          }
        })(),
      )
      @KafkaListener(Orders, { groupId: 'batch', batch: true })
      batch(records: ConsumerRecord<string, Order>[]): void {
        seen.push(records.map(({ value }) => value.id))
      }
    }
    const template = await start([Billing])
    await template.send(Orders, { id: 'abc' }, { key: 'k' })
    await vi.waitFor(() => expect(seen).toHaveLength(2))
    expect(seen).toContainEqual(['k', 'ABC'])
    expect(seen).toContainEqual(['abc'])
  })

  it('is left alone by global enhancers unless they are asked for', async () => {
    seen.length = 0
    class Global implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        seen.push(`global ${context.getType<string>()}`)
        return true
      }
    }
    @Injectable()
    class Billing {
      @UseInterceptors(Timing)
      @KafkaListener(Orders)
      bill(): void {
        seen.push('billed')
      }
    }
    const providers = [Billing, { provide: APP_GUARD, useClass: Global }]
    await (await start(providers)).send(Orders, { id: '1' })
    await vi.waitFor(() => expect(seen).toEqual(['before', 'billed', 'after']))
    await app?.close()
    seen.length = 0
    await (await start(providers, { globalEnhancers: true })).send(Orders, { id: '1' })
    await vi.waitFor(() => expect(seen).toEqual(['global kafka', 'before', 'billed', 'after']))
  })

  it('tells filters of an error, and the error handler gets it all the same', async () => {
    seen.length = 0
    @Catch(RangeError)
    class Swallowing {
      catch(error: RangeError): string {
        seen.push(`filtered ${error.message}`)
        return 'swallowed'
      }
    }
    @Injectable()
    class Billing {
      @UseFilters(Swallowing)
      @KafkaListener(Orders)
      bill(order: Order): void {
        throw order.id === '1' ? new RangeError('one') : new TypeError('two')
      }
    }
    const template = await start([Billing])
    await template.send(Orders, { id: '1' })
    await template.send(Orders, { id: '2' })
    await vi.waitFor(() => expect(failures).toEqual(['RangeError: one', 'TypeError: two']))
    expect(seen).toEqual(['filtered one'])
  })

  it('of request scope gets an instance for each delivery, with the context as REQUEST', async () => {
    seen.length = 0
    let made = 0
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {
      readonly number = ++made
      constructor(@Inject(REQUEST) readonly ctx: ListenerContext) {}
    }
    @Injectable()
    class TenantGuard implements CanActivate {
      constructor(@Inject(Tenant) private readonly tenant: Tenant) {}
      canActivate(): boolean {
        seen.push(`guard ${this.tenant.number}`)
        return true
      }
    }
    @Injectable()
    class Billing {
      constructor(@Inject(Tenant) private readonly tenant: Tenant) {}
      @UseGuards(TenantGuard)
      @KafkaListener(Orders)
      bill(order: Order): void {
        seen.push(`bill ${order.id} ${this.tenant.number} ${this.tenant.ctx.offset}`)
      }
    }
    const template = await start([Tenant, Billing])
    await template.send(Orders, { id: 'a' })
    await template.send(Orders, { id: 'b' })
    await vi.waitFor(() => expect(seen).toHaveLength(4))
    expect(seen).toEqual(['guard 1', 'bill a 1 0', 'guard 2', 'bill b 2 1'])
  })

  it('of request scope may be a controller, or provided under another token', async () => {
    seen.length = 0
    @Controller({ scope: Scope.REQUEST })
    class OrdersController {
      constructor(@Inject(REQUEST) readonly ctx: ListenerContext) {}
      @KafkaListener(Orders, { groupId: 'controller' })
      on(order: Order): void {
        seen.push(`controller ${order.id} ${this.ctx.groupId}`)
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class Billing {
      constructor(@Inject(REQUEST) readonly ctx: ListenerContext) {}
      @KafkaListener(Orders, { groupId: 'token' })
      on(order: Order): void {
        seen.push(`token ${order.id} ${this.ctx.groupId}`)
      }
    }
    const template = await start([{ provide: 'billing', useClass: Billing, scope: Scope.REQUEST }], {}, [
      OrdersController,
    ])
    await template.send(Orders, { id: 'a' })
    await vi.waitFor(() => expect(seen).toHaveLength(2))
    expect(seen).toContain('controller a controller')
    expect(seen).toContain('token a token')
  })

  it('of transient scope is refused: there is no instance to call', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Fleeting {
      @KafkaListener(Orders)
      on(): void {}
    }
    await expect(start([Fleeting])).rejects.toThrow(/Fleeting .* is transient/)
  })

  it('may return an observable: done when it completes, failed when it fails', async () => {
    seen.length = 0
    @Injectable()
    class Billing {
      @KafkaListener(Orders)
      bill(order: Order): Observable<void> {
        return of(order).pipe(
          delay(5),
          map(({ id }) => {
            if (id === 'bad') throw new RangeError('late')
            seen.push(id)
          }),
        )
      }
    }
    const template = await start([Billing])
    await template.send(Orders, { id: 'good' })
    await template.send(Orders, { id: 'bad' })
    await vi.waitFor(() => expect(failures).toEqual(['RangeError: late']))
    expect(seen).toEqual(['good'])
  })
})

describe('parameter decorators of the application', () => {
  const Tenant = createParamDecorator((header: string, context: ExecutionContext) => {
    const ctx = context.switchToRpc().getContext<ListenerContext<string, Order>>()
    const tenant = 'record' in ctx ? ctx.headers.text(header) : 'many'
    return `${context.getType()} ${context.getHandler().name} ${tenant}`
  })
  const Upper: PipeTransform<string> = { transform: (value, { type }) => `${type} ${value.toUpperCase()}` }

  it('are given the context, after (value, ctx) or beside ours, and their pipes run', async () => {
    const seen: unknown[][] = []
    @Injectable()
    class Billing {
      @KafkaListener(Orders, { groupId: 'plain' })
      plain(order: Order, ctx: ListenerContext<string, Order>, @Tenant('tenant') tenant: string): void {
        seen.push(['plain', order.id, ctx.offset, tenant])
      }
      @KafkaListener(Orders, { groupId: 'ours' })
      ours(@Payload() order: Order, @Tenant('tenant', Upper) tenant: string, @Key() key: string): void {
        seen.push(['ours', order.id, tenant, key])
      }
      @KafkaListener('orders', { groupId: 'batch', batch: true, value: Orders.value })
      batch(@Tenant('tenant') tenant: string, @Payload() orders: Order[]): void {
        seen.push(['batch', tenant, orders])
      }
    }
    const kafka = await start([Billing])
    await kafka.send(Orders, { id: '7' }, { key: 'k', headers: { tenant: 'acme' } })
    await vi.waitFor(() => expect(seen).toHaveLength(3))
    expect(seen).toEqual(
      expect.arrayContaining([
        ['plain', '7', 0, 'kafka plain acme'],
        ['ours', '7', 'custom KAFKA OURS ACME', 'k'],
        ['batch', 'kafka batch many', [{ id: '7' }]],
      ]),
    )
    expect(failures).toEqual([])
  })

  it('work in request scope, and what they throw is a failure of the record', async () => {
    const Failing = createParamDecorator(() => {
      throw new RangeError('no tenant')
    })
    const seen: unknown[] = []
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      @KafkaListener(Orders, { groupId: 'scoped' })
      scoped(_order: Order, _ctx: ListenerContext, @Tenant('tenant') tenant: string): void {
        seen.push(tenant)
      }
    }
    @Injectable()
    class Broken {
      @KafkaListener(Orders, { groupId: 'broken' })
      broken(_order: Order, _ctx: ListenerContext, @Failing() tenant: string): void {
        seen.push(tenant)
      }
    }
    const kafka = await start([Scoped, Broken])
    await kafka.send(Orders, { id: '7' }, { headers: { tenant: 'acme' } })
    await vi.waitFor(() => expect([seen, failures]).toEqual([['kafka scoped acme'], ['RangeError: no tenant']]))
  })

  it('are refused where value and context are given, and twice on one parameter', async () => {
    @Injectable()
    class Early {
      @KafkaListener(Orders, { groupId: 'early' })
      early(_order: Order, @Tenant('tenant') tenant: string): void {
        void tenant
      }
    }
    await expect(start([Early])).rejects.toThrow(
      'Early.early: parameter 2 has a decorator of createParamDecorator, where value and context are given',
    )
    @Injectable()
    class Twice {
      @KafkaListener(Orders, { groupId: 'twice' })
      twice(@Payload() order: Order, @Tenant('tenant') @Key() key: string): void {
        void [order, key]
      }
    }
    await expect(start([Twice])).rejects.toThrow('Twice.twice: parameter 2 must have exactly one of @Payload')
  })
})
