/** metav1.MicroTime takes six digits of a second and no other number. `wallMs`: milliseconds since 1970. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
