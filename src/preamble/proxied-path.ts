/** Between whom a connection is, as a proxy sees it: IP addresses, without brackets or zones. */
export interface ProxiedPath {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}
