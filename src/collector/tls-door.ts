import type { Socket } from "node:net";
import { createSecureContext, type SecureContextOptions, TLSSocket, type TLSSocketOptions } from "node:tls";
import type { TlsIdentities, TlsProof } from "./tls-identities.ts";

/** What became of a handshake: the socket inside TLS and the code that it proved, or why not. */
export type Secured = { ok: true; socket: TLSSocket; code: string } | { ok: false; why: string };

/** Brings callers into TLS 1.3, each under a key or a certificate of its own. */
export type TlsDoor = { secure(raw: Socket, timeoutMs: number): Promise<Secured> };

/** A key of its own is taken under the one cipher whose hash OpenSSL binds such keys to. */
const PSK_CIPHER = "TLS_AES_128_GCM_SHA256";
const PSK_CIPHERS = `${PSK_CIPHER}:PSK`;
const ALL_CIPHERS = `${PSK_CIPHER}:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:PSK`;
/** The types of Node leave out what its sockets take. */
type ServerOptions = TLSSocketOptions & { pskCallback(socket: TLSSocket, identity: string): Uint8Array | null };

/**
 * `certificate`: our own, in PEM, for devices that want to see one; without it only keys are taken. Certificates of devices are not
 * signed by anybody we would have to trust: each is known by its fingerprint in the archive.
 */
export function createTlsDoor(options: {
  identities: TlsIdentities;
  certificate: { cert: string; key: string } | null;
}): TlsDoor {
  const { identities, certificate } = options;
  const context: SecureContextOptions = {
    minVersion: "TLSv1.3",
    ciphers: certificate ? ALL_CIPHERS : PSK_CIPHERS,
    sessionIdContext: "jichao-link",
    ...certificate,
  };
  const secureContext = createSecureContext(context);

  function secure(raw: Socket, timeoutMs: number): Promise<Secured> {
    const { promise, resolve } = Promise.withResolvers<Secured>();
    let offered: TlsProof | null = null;
    const settings: ServerOptions = {
      isServer: true,
      secureContext,
      requestCert: certificate !== null,
      rejectUnauthorized: false,
      pskCallback(_, identity) {
        const psk = identities.pskOf(identity);
        if (psk !== null) offered = { by: "key", code: identity, psk };
        return psk;
      },
    };
    const socket = new TLSSocket(raw, settings);
    const timer = setTimeout(() => refuse("timeout"), timeoutMs);
    const refuse = (why: string) => {
      clearTimeout(timer);
      resolve({ ok: false, why });
      socket.destroy();
      raw.destroy();
    };
    socket.once("secure", () => {
      const proof = offered !== null && isHeldAgainstKey(socket) ? offered : proofByCertificate(socket);
      if (proof === null) return refuse("tls_unknown_device");
      identities.isStill(proof).then(
        (still) => {
          if (!still) return refuse("tls_unknown_device");
          clearTimeout(timer);
          resolve({ ok: true, socket, code: proof.code });
        },
        () => refuse("database_away"),
      );
    });
    socket.on("error", (error: NodeJS.ErrnoException) => refuse(error.code ?? "tls_failed"));
    socket.once("close", () => refuse("hung_up"));
    return promise;
  }

  function proofByCertificate(socket: TLSSocket): TlsProof | null {
    // Whoever comes back with a ticket has shown no certificate this time; an empty object stands for none.
    const { fingerprint256 } = socket.getPeerCertificate() as { fingerprint256?: string };
    if (fingerprint256 === undefined || socket.isSessionReused()) return null;
    const code = identities.codeOf(fingerprint256);
    return code === null ? null : { by: "certificate", code, fingerprint: fingerprint256 };
  }

  return { secure };
}

/**
 * Whether the handshake was held against a key of our archive. That the key was asked for proves nothing: under a cipher with another hash
 * OpenSSL leaves the caller's keys aside and goes on as if none had been named. Under this one it holds the caller to the first that we know.
 */
function isHeldAgainstKey(socket: TLSSocket): boolean {
  return socket.isSessionReused() && socket.getCipher().standardName === PSK_CIPHER;
}
