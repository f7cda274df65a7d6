import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { type TestCertificate, testCertificate } from "./test-certificate.ts";
import { createTlsDoor, type Secured } from "./tls-door.ts";

const VICTIM = "JC000001";
const PSK = new Uint8Array(32).fill(9);
const own = testCertificate("collector", Date.now());
const device = testCertificate(VICTIM, Date.now());
const closes: (() => void)[] = [];
afterEach(() => {
  for (const close of closes.splice(0)) close();
});

/** What the door makes of a caller. */
async function secured(as: ConnectionOptions, certificate: TestCertificate | null = own): Promise<Secured> {
  const door = createTlsDoor({
    identities: {
      pskOf: (code) => (code === VICTIM ? PSK : null),
      codeOf: (fingerprint) =>
        fingerprint.replaceAll(":", "").toLowerCase() === device.fingerprint ? "JC000002" : null,
      isStill: () => Promise.resolve(true),
      stop: () => Promise.resolve(),
    },
    certificate,
  });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const came = once(server, "connection") as Promise<[Socket]>;
  const caller: TLSSocket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...as });
  caller.on("error", () => {});
  const [raw] = await came;
  closes.push(
    () => caller.destroy(),
    () => raw.destroy(),
    () => server.close(),
  );
  raw.on("error", () => {});
  return door.secure(raw, 5_000);
}

const claims = (psk: Uint8Array) => ({ pskCallback: () => ({ psk, identity: VICTIM }) });
const GUESSED = new Uint8Array(32).fill(1);

test("a key proves its code", async () => {
  expect(await secured({ ciphers: "TLS_AES_128_GCM_SHA256:PSK", ...claims(PSK) })).toMatchObject({ code: VICTIM });
});

test.each(["TLS_AES_256_GCM_SHA384:PSK", "TLS_AES_128_GCM_SHA256:PSK", "TLS_CHACHA20_POLY1305_SHA256:PSK"])(
  "a name without its key proves nothing under %s",
  async (ciphers) => {
    expect(await secured({ ciphers, ...claims(GUESSED) })).toMatchObject({ ok: false });
  },
);

test("who names another, and shows a certificate of its own, is only who the certificate says", async () => {
  const { cert, key } = device;
  const shown = { ciphers: "TLS_AES_256_GCM_SHA384:PSK", cert, key, ...claims(GUESSED) };
  expect(await secured(shown)).toMatchObject({ ok: true, code: "JC000002" });
});
