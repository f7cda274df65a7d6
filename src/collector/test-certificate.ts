import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";

/** A certificate that signed itself, as a device of the field would have one, with its key. */
export type TestCertificate = { cert: string; key: string; fingerprint: string };

const ED25519 = Buffer.from("300506032b6570", "hex");

/** Makes one under a name, good for a day around now. */
export function testCertificate(name: string, nowMs: number): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const subject = der(0x30, der(0x31, der(0x30, Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(name)))));
  const body = der(
    0x30,
    der(0xa0, Buffer.from("020102", "hex")),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ED25519,
    subject,
    der(0x30, time(nowMs - HALF_DAY_MS), time(nowMs + HALF_DAY_MS)),
    subject,
    publicKey.export({ format: "der", type: "spki" }),
  );
  const signature = sign(null, body, privateKey);
  const bytes = der(0x30, body, ED25519, der(0x03, Buffer.from([0]), signature));
  const { fingerprint256 } = new X509Certificate(bytes);
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    fingerprint: fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

const HALF_DAY_MS = 43_200_000;

/** One element of X.690: tag, length, content. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}
