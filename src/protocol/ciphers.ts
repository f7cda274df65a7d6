import type { Bytes } from "./bytes.ts";

/** What the platform lends to this layer: pure code cannot reach OpenSSL, and the tests may bring their own. */
export type Ciphers = {
  /** HMAC with SM3 (GB/T 32905): 32 bytes. */
  hmacSm3(key: Bytes, data: Bytes): Bytes;
  /** SM4 (GB/T 32907) in ECB mode without padding; the block is a multiple of 16 bytes. */
  sm4EcbEncrypt(key: Bytes, block: Bytes): Bytes;
  /** The way back. */
  sm4EcbDecrypt(key: Bytes, block: Bytes): Bytes;
};
