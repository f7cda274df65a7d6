/** A key that identifies one payment or command for ever; 32 hexadecimal digits from the browser's own randomness. */
export function newKey(): string {
  // `crypto.randomUUID` exists only on https and localhost; a site on a LAN may be neither.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
