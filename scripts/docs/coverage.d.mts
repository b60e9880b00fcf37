export function coveragePage(): Promise<string>
