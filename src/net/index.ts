export { FrameError, FrameReader, framePrefix } from './frames.js'
export { memoryTransport, type MemoryTransportOptions } from './memory.js'
export { listenOnLoopback, tcpTransport } from './tcp.js'
export { ListenError, type Connection, type ConnectionEvents, type Listening, type Transport } from './transport.js'
