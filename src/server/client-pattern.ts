/**
 * Regular expressions that clients send, with the syntax and the promises of RE2, as Kafka has them: matching takes time
 * in proportion to the text, whatever the expression. The engine is loaded when the first one comes.
 */

/** Compiled; matches whole texts. */
export interface ClientPattern {
  matches(text: string): boolean
}

/** The expression is not valid; the message says why, in RE2's words. */
export class InvalidPattern extends Error {
  override readonly name = 'InvalidPattern'
}

/** @throws InvalidPattern */
export async function clientPattern(expression: string): Promise<ClientPattern> {
  const { RE2JS, RE2JSSyntaxException } = await import('re2js')
  try {
    return RE2JS.compile(expression)
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) throw new InvalidPattern(error.message)
    throw error
  }
}
