// The Java programs of clients/java, compiled by setup.sh.
import { Running, type RunOptions, type Finished, home, root, run } from './commands.js'

const kafka = `${home}/kafka/libs`
const own = `${home}/java`

/** The folder of jars that clients/java brings. */
export const javaLibs = `${own}/libs`

const options = (heapMb: number) => [
  `-Xmx${heapMb}m`,
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  `-Dlog4j2.configurationFile=${root}test/interop/log4j2.properties`,
]
const classPath = ['-cp', `${kafka}/*:${javaLibs}/*:${own}/classes`]

/** Runs a class to its end. */
export function java(main: string, args: readonly string[], settings?: RunOptions): Promise<Finished> {
  return run('java', [...options(256), ...classPath, main, ...args], settings)
}

/** A class left running; its process is the JVM itself, so that a kill meets it. */
export function runningJava(main: string, args: readonly string[]): Running {
  return new Running('java', [...options(384), ...classPath, main, ...args])
}
