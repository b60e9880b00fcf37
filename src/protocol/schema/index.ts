export * from './field.js'
export * from './message.js'
export { EncodeError } from './codec.js'
