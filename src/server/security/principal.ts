/** Who a connection acts as, in Kafka's notation `Type:name`; only users are told apart here. */
export const userPrincipal = (name: string): string => `User:${name}`

/** Whoever did not say who they are. */
export const ANONYMOUS = userPrincipal('ANONYMOUS')
