/**
 * JAAS configuration as Kafka's `sasl.jaas.config` has it: a login module, a control flag, and options.
 *
 *   org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret" user_bob="hush";
 *
 * No message of an error holds any of the text: passwords stand in it.
 */
export interface JaasEntry {
  readonly loginModule: string
  readonly options: ReadonlyMap<string, string>
}

const FLAG = /^(required|requisite|sufficient|optional)$/i
const TOKEN = /\s*(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([=;])|([^\s=;"']+))/y

export class JaasError extends Error {
  override readonly name = 'JaasError'
}

/** @throws JaasError, to be read after the setting's name */
export function parseJaas(text: string): JaasEntry {
  const tokens = tokensOf(text)
  const [loginModule, flag] = tokens
  if (loginModule === undefined || flag === undefined || !FLAG.test(flag)) {
    throw new JaasError('it must begin with a login module and "required"')
  }
  const options = new Map<string, string>()
  let at = 2
  while (at < tokens.length && tokens[at] !== ';') {
    const [name, equals, value] = tokens.slice(at, at + 3)
    if (equals !== '=' || value === undefined || value === ';') {
      throw new JaasError(`option ${options.size + 1} must be written name="value"`)
    }
    options.set(name!, value)
    at += 3
  }
  if (at !== tokens.length - 1) throw new JaasError('it must be one login module, and end with a semicolon')
  return { loginModule, options }
}

function tokensOf(text: string): string[] {
  const out: string[] = []
  TOKEN.lastIndex = 0
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (!match) throw new JaasError(`it can't be read from character ${from + 1} on`)
    const [, double, single, mark, bare] = match
    const quoted = double ?? single
    if (quoted !== undefined) out.push(quoted.replace(/\\(.)/g, '$1'))
    else if (mark !== undefined || bare !== undefined) out.push((mark ?? bare)!)
  }
  return out
}
