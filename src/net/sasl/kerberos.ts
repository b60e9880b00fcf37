/**
 * GSS-API by the package `kerberos`, which applications that want it install beside this one: it compiles against the
 * Kerberos headers of the system. Credentials are those of the process: a ticket in its cache, or a keytab in
 * `KRB5_CLIENT_KTNAME`.
 */
import { OutboundError } from '../outbound-error.js'
import type { GssapiContext, GssapiService } from './gssapi.js'

/** As much of the package as is used here; all of it speaks base64. */
interface Kerberos {
  readonly GSS_C_MUTUAL_FLAG: number
  readonly GSS_C_INTEG_FLAG: number
  readonly GSS_MECH_OID_KRB5: number
  initializeClient(
    service: string,
    options: { readonly principal?: string; readonly gssFlags: number; readonly mechOID: number },
  ): Promise<KerberosClient>
}
interface KerberosClient {
  readonly contextComplete: boolean
  step(challenge: string): Promise<string | null>
  unwrap(challenge: string): Promise<string>
  wrap(challenge: string, options: { readonly protect: boolean }): Promise<string>
}

export async function kerberosContext({ serviceName, host, principal }: GssapiService): Promise<GssapiContext> {
  const kerberos = await load()
  const client = await kerberos.initializeClient(`${serviceName}@${host}`, {
    ...(principal !== undefined && { principal }),
    gssFlags: kerberos.GSS_C_MUTUAL_FLAG | kerberos.GSS_C_INTEG_FLAG,
    mechOID: kerberos.GSS_MECH_OID_KRB5,
  })
  return {
    get isComplete() {
      return client.contextComplete
    },
    step: async (token) => decoded(await client.step(token?.toString('base64') ?? '')),
    unwrap: async (message) => decoded(await client.unwrap(message.toString('base64'))),
    wrap: async (message) => decoded(await client.wrap(message.toString('base64'), { protect: false })),
  }
}

async function load(): Promise<Kerberos> {
  // by a name that no bundler follows
  const name: string = 'kerberos'
  try {
    const loaded = (await import(name)) as { default?: Kerberos } & Kerberos
    return loaded.default ?? loaded
  } catch (error) {
    const message = "SASL GSSAPI needs the package 'kerberos' (npm install kerberos), or a `context` of your own"
    throw new OutboundError('auth', message, error)
  }
}

const decoded = (base64: string | null): Buffer => Buffer.from(base64 ?? '', 'base64')
