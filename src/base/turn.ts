/** Gives way: runs `task` in the event loop's next turn, after the I/O that is due now. */
export function nextTurn(task: () => void): void {
  setImmediate(task)
}
