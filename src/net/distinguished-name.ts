/** Names in certificates, written as RFC 2253 and Java's X500Principal.getName() have it: `CN=alice,OU=clients,O=Acme`. */
import { derFields, derOid, DerTag, derValue, type DerValue } from './der.js'

const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
}

const STRINGS: Readonly<Record<number, (content: Buffer) => string>> = {
  0x0c: (content) => content.toString('utf8'),
  0x13: (content) => content.toString('latin1'),
  0x14: (content) => content.toString('latin1'),
  0x16: (content) => content.toString('latin1'),
  0x1b: (content) => content.toString('latin1'),
  0x1e: (content) => Buffer.from(content).swap16().toString('utf16le'),
}

/** The subject of a certificate in DER. @throws DerError */
export function subjectName(certificate: Buffer): string {
  const fields = derFields(derFields(derValue(certificate))[0])
  // an explicit version, [0], may stand first: then serial number, algorithm, issuer, validity, subject
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4]
  return derFields(subject).reverse().map(relativeName).join(',')
}

const relativeName = (set: DerValue): string => derFields(set).map(attribute).join('+')

function attribute(pair: DerValue): string {
  const [type, value] = derFields(pair)
  if (type?.tag !== DerTag.oid || !value) return ''
  const oid = derOid(type)
  const keyword = KEYWORDS[oid]
  const text = STRINGS[value.tag]
  if (keyword === undefined || !text) return `${keyword ?? oid}=#${value.whole.toString('hex')}`
  return `${keyword}=${escaped(text(value.content))}`
}

function escaped(text: string): string {
  return text
    .replace(/[,=+<>#;"\\]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^ +| +$/g, (blanks) => blanks.replaceAll(' ', '\\ '))
}
