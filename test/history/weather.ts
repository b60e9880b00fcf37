/** What a run's cluster goes through. */
export interface Weather extends AsyncDisposable {
  readonly bootstrapServers: string
  /** Does one fault; resolves with what it was when it is over, or may be left alone. */
  strike(): Promise<string>
  /** Ends whatever still goes on. */
  calm(): Promise<void>
}
