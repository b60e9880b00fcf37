/**
 * Keeps two brokers out of one directory. Node can't take a lock that the system gives back when a process dies, so the
 * file names its holder: process id, and when that process started, as the id may have been given out anew since.
 * A lock of a process that is gone is taken over.
 */
import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { DirectoryLockedError, type DirectoryLock } from './disk.js'

/** Locks of this process: several brokers may live in it, and its own id in a file says nothing then. */
const held = new Set<string>()

export function lockDirectory(file: string): DirectoryLock {
  if (held.has(file)) throw new DirectoryLockedError(`${file} is held by another broker of this process`)
  const own = `${process.pid} ${startOf(process.pid)}\n`
  for (let attempt = 0; ; attempt++) {
    if (tryCreate(file, own)) break
    const holder = liveHolder(file)
    if (holder !== undefined || attempt > 10) {
      throw new DirectoryLockedError(`${file} is held by process ${holder ?? 'unknown'}, which is still running`)
    }
    removeQuietly(file)
  }
  held.add(file)
  return {
    release() {
      if (!held.delete(file)) return
      removeQuietly(file)
    },
  }
}

function tryCreate(file: string, content: string): boolean {
  let descriptor
  try {
    descriptor = openSync(file, 'wx', 0o644)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  writeSync(descriptor, content)
  closeSync(descriptor)
  return true
}

/** Process id in the lock file, when that very process is alive and is not this one. */
function liveHolder(file: string): number | undefined {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const [id = '', start = ''] = text.trim().split(' ')
  const pid = Number(id)
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid || !isAlive(pid)) return undefined
  const startNow = startOf(pid)
  return start === '' || startNow === '' || start === startNow ? pid : undefined
}

/** A process that was killed and that its parent has not noticed yet can be signalled, but holds nothing any more. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^[ZX]/.test(statOf(pid))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in the kernel's ticks since boot; '' where the system does not tell. */
function startOf(pid: number): string {
  return statOf(pid).split(' ')[19] ?? ''
}

/** The kernel's line on a process, from its third field, the state, on; '' where there is none. */
function statOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the command stands before, and may hold blanks and brackets
    return stat.slice(stat.lastIndexOf(')') + 2)
  } catch {
    return ''
  }
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // gone already
  }
}
