/** A producer id from the broker, and how far the sequences under it are used up: what idempotence stands on (KIP-98). */

const SEQUENCES = 2 ** 31

export class ProducerIdentity {
  private readonly next = new Map<string, number>()

  constructor(
    readonly producerId: string,
    readonly producerEpoch: number,
  ) {}

  sequence(partition: string): number {
    return this.next.get(partition) ?? 0
  }

  advance(partition: string, count: number): void {
    this.next.set(partition, (this.sequence(partition) + count) % SEQUENCES)
  }
}

/** The identity in use, fetched when first needed and again once it is given up. */
export class CurrentIdentity {
  private current: ProducerIdentity | undefined
  private fetching: Promise<ProducerIdentity> | undefined

  constructor(private readonly fetch: () => Promise<ProducerIdentity>) {}

  async get(): Promise<ProducerIdentity> {
    if (this.current) return this.current
    this.fetching ??= this.fetch().finally(() => (this.fetching = undefined))
    return (this.current = await this.fetching)
  }

  /** A sequence under it is lost or unknown; batches already sent under it keep it. */
  giveUp(identity: ProducerIdentity): void {
    if (this.current === identity) this.current = undefined
  }
}
