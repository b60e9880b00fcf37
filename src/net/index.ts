export { FrameError, FrameReader, framePrefix } from './frames.js'
export { memoryTransport, type MemoryTransportOptions } from './memory.js'
export { listenOnLoopback, tcpTransport } from './tcp.js'
export { ListenError, type Connection, type ConnectionEvents, type Listening, type Transport } from './transport.js'
export { OutboundError, type OutboundErrorKind } from './outbound-error.js'
export {
  OutboundPeer,
  type Body,
  type OutboundOptions,
  type PeerVersions,
  type RequestOptions,
} from './outbound-peer.js'
export type { GssapiOptions, OutboundSaslOptions } from './outbound-sasl.js'
export type { GssapiContext, GssapiService } from './sasl/gssapi.js'
export { outboundTls, type OutboundTlsOptions } from './outbound-tls.js'
export {
  SaslRefusal,
  type SaslConversation,
  type SaslIdentity,
  type SaslMechanism,
  type SaslStep,
} from './sasl/sasl-server.js'
export { plainServer } from './sasl/plain-server.js'
export { scramServer, type ScramUsers } from './sasl/scram-server.js'
export { scramHash, scramKeys, type ScramCredential, type ScramMechanismName } from './sasl/scram.js'
export { oauthBearerServer } from './sasl/oauthbearer-server.js'
export { tlsTransport, type ClientAuth, type TlsServerOptions, type TlsTransport } from './tls-server.js'
export { subjectName } from './distinguished-name.js'
export { certificatesIn, KeyStoreError } from './key-store.js'
