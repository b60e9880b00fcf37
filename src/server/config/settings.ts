/**
 * Settings as they stand now: a value is read by its Kafka name, typed by the table in `settings-table.ts`, and resolved in
 * Kafka's order (dynamic broker, dynamic default, static file, default). Parts read a setting when they need it and keep
 * no copy, so that a change at run time takes effect.
 */
export interface Settings {
  int(name: string): number
  /** Longs are numbers, saturated; their exact text stays in the table. */
  long(name: string): number
  double(name: string): number
  bool(name: string): boolean
  string(name: string): string
  list(name: string): readonly string[]
  /** A topic's settings: its own configs first, then the broker's synonyms. */
  topic(name: string): TopicSettings
  /** A group's settings, with the broker's as default. */
  group(name: string): TopicSettings
  onChange(listener: () => void): void
}

export interface TopicSettings {
  int(name: string): number
  long(name: string): number
  double(name: string): number
  bool(name: string): boolean
  string(name: string): string
  list(name: string): readonly string[]
}
