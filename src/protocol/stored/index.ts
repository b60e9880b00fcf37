export * from './coordinator-record.js'
export * from './group-records.js'
export * from './metadata-records.js'
export * from './transaction-records.js'
