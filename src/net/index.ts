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
export { type OutboundSaslOptions } from './outbound-sasl.js'
export { outboundTls, type OutboundTlsOptions } from './outbound-tls.js'
