export * from './kafka-template.js'
export * from './producer-interceptor.js'
