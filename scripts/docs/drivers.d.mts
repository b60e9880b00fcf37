export function driversPage(): Promise<string>
